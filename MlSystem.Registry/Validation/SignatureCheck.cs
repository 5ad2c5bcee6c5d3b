using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MlSystem.Contracts;

namespace MlSystem.Registry.Validation;

/// <summary>Compares a model's inputs and outputs with its signature.</summary>
internal static class SignatureCheck
{
    public static string? Problem(InferenceSession session, ModelSignature signature)
    {
        var problems = Sides("input", signature.Inputs, session.InputMetadata, exact: true)
            .Concat(Sides("output", signature.Outputs, session.OutputMetadata, exact: false))
            .ToList();
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    /// <summary>The Open Inference Protocol's name of an ONNX element type; null for one that it lacks.</summary>
    public static string? Datatype(TensorElementType type) => type switch
    {
        TensorElementType.Bool => "BOOL",
        TensorElementType.UInt8 => "UINT8",
        TensorElementType.UInt16 => "UINT16",
        TensorElementType.UInt32 => "UINT32",
        TensorElementType.UInt64 => "UINT64",
        TensorElementType.Int8 => "INT8",
        TensorElementType.Int16 => "INT16",
        TensorElementType.Int32 => "INT32",
        TensorElementType.Int64 => "INT64",
        TensorElementType.Float16 => "FP16",
        TensorElementType.Float => "FP32",
        TensorElementType.Double => "FP64",
        TensorElementType.String => "BYTES",
        _ => null,
    };

    private static IEnumerable<string> Sides(string side, IReadOnlyList<TensorSpec> specs, IReadOnlyDictionary<string, NodeMetadata> nodes, bool exact)
    {
        if (specs.Count == 0)
        {
            yield return $"the signature has no {side}s";
        }

        foreach (var spec in specs)
        {
            if (!nodes.TryGetValue(spec.Name, out var node))
            {
                yield return $"the model has no {side} '{spec.Name}'";
            }
            else if (!node.IsTensor)
            {
                yield return $"{side} '{spec.Name}' is no tensor";
            }
            else if (Datatype(node.ElementDataType) != spec.Datatype)
            {
                yield return $"{side} '{spec.Name}' is {Datatype(node.ElementDataType) ?? node.ElementDataType.ToString()} in the model, {spec.Datatype} in the signature";
            }
            else if (!Fits(spec.Shape, node.Dimensions))
            {
                yield return $"{side} '{spec.Name}' has shape [{string.Join(", ", node.Dimensions)}] in the model, [{string.Join(", ", spec.Shape)}] in the signature";
            }
        }

        var named = specs.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var name in exact ? nodes.Keys.Where(n => !named.Contains(n)) : [])
        {
            yield return $"the signature lacks the model's {side} '{name}'";
        }
    }

    /// <summary>Equal where both fix a dimension. A model without declared dimensions fits all.</summary>
    private static bool Fits(IReadOnlyList<long> spec, int[] model) =>
        model.Length == 0 || (spec.Count == model.Length && spec.Zip(model).All(d => d.First < 0 || d.Second < 0 || d.First == d.Second));
}
