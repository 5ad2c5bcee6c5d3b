using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;

namespace MlSystem.Registry.Validation;

/// <summary>
/// The signature of a model that brings no <c>signature.json</c>: names and types are the ONNX graph's, dimensions that the graph leaves open
/// and what may be missing come from MLflow's signature where it has one.
/// </summary>
internal static class DerivedSignature
{
    /// <exception cref="FormatException">The two contradict each other, or the model takes or gives what no tensor can hold.</exception>
    public static ModelSignature Of(InferenceSession session, MlflowModelFile described) => new()
    {
        Task = ModelTask.Custom,
        Inputs = Side("input", session.InputMetadata, described.Inputs, all: true),
        Outputs = Side("output", session.OutputMetadata, described.Outputs, all: false),
    };

    private static List<TensorSpec> Side(string side, IReadOnlyDictionary<string, NodeMetadata> nodes, IReadOnlyList<MlflowField> fields, bool all)
    {
        var specs = new List<TensorSpec>();
        foreach (var (name, node) in nodes)
        {
            var datatype = node.IsTensor ? SignatureCheck.Datatype(node.ElementDataType) : null;
            if (datatype is not null)
            {
                specs.Add(Spec(side, name, datatype, node, nodes.Count, fields));
            }
            else if (all)
            {
                throw new FormatException($"{side} '{name}' is no tensor of a type that can be served");
            }
        }

        return specs.Count > 0 ? specs : throw new FormatException($"the model has no {side} that is a tensor");
    }

    private static TensorSpec Spec(string side, string name, string datatype, NodeMetadata node, int count, IReadOnlyList<MlflowField> fields)
    {
        var field = fields.FirstOrDefault(f => f.Name == name) ?? (count == 1 && fields is [{ Name: null } only] ? only : null);
        // Columns without a tensor of their name are the columns of the one tensor, in their order.
        var columns = field is null && count == 1 && fields.Count > 0 && fields.All(f => f.ColumnType is not null) ? fields : [];
        return new()
        {
            Name = name,
            Datatype = datatype,
            Shape = Shape(side, name, [.. node.Dimensions.Select(d => (long)d)], field?.Shape ?? (columns.Count > 0 ? [-1, columns.Count] : null)),
            Meaning = columns.Count > 0 && columns.All(c => c.Name is not null) ? "columns " + string.Join(", ", columns.Select(c => c.Name)) : null,
            Nullable = datatype is "FP16" or "FP32" or "FP64" && ((field?.Optional ?? false) || columns.Any(c => c.Optional)),
        };
    }

    private static long[] Shape(string side, string name, long[] model, IReadOnlyList<long>? described)
    {
        if (described is null || model.Length == 0)
        {
            return described is null ? model : [.. described];
        }

        return described.Count == model.Length && described.Zip(model).All(d => d.First < 0 || d.Second < 0 || d.First == d.Second)
            ? [.. described.Zip(model, (wanted, fixedBy) => fixedBy >= 0 ? fixedBy : wanted)]
            : throw new FormatException($"{side} '{name}' has shape [{string.Join(", ", model)}] in the model, [{string.Join(", ", described)}] in the signature of {MlflowModelFile.Name}");
    }
}
