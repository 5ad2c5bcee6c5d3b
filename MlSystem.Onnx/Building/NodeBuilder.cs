using Google.Protobuf;
using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    private NodeBuilder Node(string op, OnnxValue[] inputs, string domain = "", string? name = null) =>
        new(this, op, inputs, domain, name);

    /// <summary>One node being checked; nothing enters the graph before its first output is emitted.</summary>
    private sealed class NodeBuilder
    {
        private readonly GraphBuilder _builder;
        private readonly NodeProto _node;
        private readonly OnnxValue[] _inputs;
        private bool _added;

        public NodeBuilder(GraphBuilder builder, string op, OnnxValue[] inputs, string domain, string? name)
        {
            _builder = builder;
            _inputs = inputs;
            _node = new NodeProto { OpType = op, Domain = domain, Name = name ?? builder.FreshName(Snake(op)) };
            foreach (var (index, input) in inputs.Index())
            {
                if (input is null)
                {
                    throw Error($"input {index} is null");
                }

                if (input.Owner != builder)
                {
                    throw Error($"input {index} '{input.Name}' belongs to another graph");
                }

                _node.Input.Add(input.Name);
            }
        }

        public OnnxGraphException Error(string problem) =>
            new($"{_node.OpType} '{_node.Name}' in graph '{_builder._graph.Name}': {problem}"
                + (_inputs.Length == 0 ? "." : $". Inputs: {string.Join(", ", _inputs.Select(i => i?.ToString() ?? "null"))}."));

        public NodeBuilder Require(bool condition, string expected, object? actual) =>
            condition ? this : throw Error($"expected {expected}, got {actual}");

        public NodeBuilder RequireElement(int input, params ElementType[] allowed) =>
            Require(allowed.Contains(_inputs[input].Type.Element), $"element type {string.Join(" or ", allowed)} for input {input}", _inputs[input].Type.Element);

        public NodeBuilder RequireSameElements()
        {
            foreach (var input in _inputs)
            {
                Require(input.Type.Element == _inputs[0].Type.Element, $"equal element types ({_inputs[0].Type.Element})", $"{input.Type.Element} of '{input.Name}'");
            }

            return this;
        }

        public NodeBuilder RequireRank(int input, int rank) =>
            Require(_inputs[input].Type.Rank == rank, $"rank {rank} for input {input}", _inputs[input].Type.Rank);

        public int Axis(long axis, int rank)
        {
            Require(axis >= -rank && axis < rank, $"an axis from {-rank} to {rank - 1}", axis);
            return (int)(axis < 0 ? axis + rank : axis);
        }

        public NodeBuilder Attribute(string name, long value) =>
            Attribute(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value });

        public NodeBuilder Attribute(string name, float value) =>
            Attribute(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value });

        public NodeBuilder Attribute(string name, string value) =>
            Attribute(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) });

        public NodeBuilder Attribute(string name, IEnumerable<long> values)
        {
            var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
            attribute.Ints.AddRange(values);
            return Attribute(attribute);
        }

        public NodeBuilder Attribute(string name, IEnumerable<float> values)
        {
            var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Floats };
            attribute.Floats.AddRange(values);
            return Attribute(attribute);
        }

        public NodeBuilder Attribute(string name, IEnumerable<string> values)
        {
            var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Strings };
            attribute.Strings.AddRange(values.Select(ByteString.CopyFromUtf8));
            return Attribute(attribute);
        }

        public NodeBuilder Attribute(string name, TensorProto tensor)
        {
            tensor.Name = name;
            return Attribute(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Tensor, T = tensor });
        }

        public OnnxValue Emit(TensorType type, string? name = null)
        {
            var value = _builder.Declare(name ?? _builder.FreshName($"{_node.Name}_out"), type, $"node '{_node.Name}'");
            _node.Output.Add(value.Name);
            if (!_added)
            {
                _builder._graph.Node.Add(_node);
                _builder._usesMl |= _node.Domain == MlDomain;
                _builder._usesMicrosoft |= _node.Domain == MicrosoftDomain;
                _added = true;
            }

            return value;
        }

        private NodeBuilder Attribute(AttributeProto attribute)
        {
            _node.Attribute.Add(attribute);
            return this;
        }

        private static string Snake(string op) =>
            string.Concat(op.Select((c, i) => char.IsUpper(c) ? (i == 0 || char.IsUpper(op[i - 1]) ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
    }
}
