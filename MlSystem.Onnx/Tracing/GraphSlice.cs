using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Parts of a model's graph.</summary>
public static class GraphSlice
{
    /// <summary>
    /// A model that computes the given values of this one and nothing else; it takes the same inputs. Nodes of tree ensembles and
    /// linear models among them give scores without a transformation.
    /// </summary>
    public static OnnxModel Slice(this OnnxModel model, params IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(model);
        var proto = model.Proto.Clone();
        var nodes = Ancestors(proto.Graph, values);
        proto.Graph.Node.Clear();
        proto.Graph.Node.AddRange(nodes);
        var used = nodes.SelectMany(node => node.Input).ToHashSet(StringComparer.Ordinal);
        var constants = proto.Graph.Initializer.Where(tensor => used.Contains(tensor.Name)).ToList();
        proto.Graph.Initializer.Clear();
        proto.Graph.Initializer.AddRange(constants);
        proto.Graph.Output.Clear();
        proto.Graph.Output.AddRange(values.Distinct(StringComparer.Ordinal).Select(name => new ValueInfoProto { Name = name }));
        foreach (var transform in nodes.Where(node => node.Domain == GraphBuilder.MlDomain).SelectMany(node => node.Attribute).Where(a => a.Name == "post_transform"))
        {
            // A name; a number, 0, in version 5 of trees.
            if (transform.Type == AttributeProto.Types.AttributeType.Int)
            {
                transform.I = 0;
            }
            else
            {
                transform.S = Google.Protobuf.ByteString.CopyFromUtf8("NONE");
            }
        }

        return new OnnxModel(proto);
    }

    /// <summary>The nodes that the values are computed by, in the graph's order.</summary>
    internal static List<NodeProto> Ancestors(GraphProto graph, IReadOnlyList<string> values)
    {
        var needed = values.ToHashSet(StringComparer.Ordinal);
        var nodes = new List<NodeProto>();
        foreach (var node in graph.Node.Reverse())
        {
            if (node.Output.Any(needed.Contains))
            {
                nodes.Add(node);
                needed.UnionWith(node.Input);
            }
        }

        nodes.Reverse();
        return nodes;
    }
}
