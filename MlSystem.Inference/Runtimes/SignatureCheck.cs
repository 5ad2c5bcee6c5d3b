using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>Why a version can't be served; the registry's file will not become right by trying again.</summary>
public sealed class ModelRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What is known of a version apart from its model file.</summary>
/// <param name="Signature">Null when the version came without one: then the model's own declarations count.</param>
/// <param name="JoinKeys">From the version's lineage: what comes with a request to look inputs up by.</param>
public sealed record ModelSignatureSource(ModelSignature? Signature, IReadOnlyList<TensorSpec> JoinKeys);

/// <summary>Compares a version's signature with what the model itself declares.</summary>
internal static class SignatureCheck
{
    public static (IReadOnlyList<TensorInfo> Inputs, IReadOnlyList<TensorInfo> Outputs) Match(InferenceSession session, ModelSignature? signature) =>
        (Match("input", session.InputNames, session.InputMetadata, signature?.Inputs),
         Match("output", session.OutputNames, session.OutputMetadata, signature?.Outputs));

    public static IReadOnlyList<TensorInfo> JoinKeys(IReadOnlyList<TensorSpec> keys) =>
        [.. keys.Select(key => Datatypes.TryParse(key.Datatype, out var datatype)
            ? new TensorInfo(key.Name, datatype, key.Shape is [-1, -1] ? [-1, -1] : [-1, 1], key.Nullable && datatype.CanBeMissing())
            : throw new ModelRefusedException($"join key '{key.Name}' has the unknown datatype '{key.Datatype}'"))];

    private static List<TensorInfo> Match(string kind, IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> declared, IReadOnlyList<TensorSpec>? specs)
    {
        if (specs is not null && specs.FirstOrDefault(spec => !declared.ContainsKey(spec.Name)) is { } unknown)
        {
            throw new ModelRefusedException($"the signature's {kind} '{unknown.Name}' is not one of the model's ({string.Join(", ", names)})");
        }

        return [.. names.Select(name => Match(kind, name, declared[name], specs))];
    }

    private static TensorInfo Match(string kind, string name, NodeMetadata declared, IReadOnlyList<TensorSpec>? specs)
    {
        if (!declared.IsTensor || !Datatypes.TryFrom(declared.ElementDataType, out var datatype))
        {
            throw new ModelRefusedException($"{kind} '{name}' is a {declared.OnnxValueType} that the protocol has no datatype for");
        }

        var shape = Array.ConvertAll(declared.Dimensions, dimension => dimension < 0 ? -1L : dimension);
        if (specs is null)
        {
            return new TensorInfo(name, datatype, shape, nullable: datatype.CanBeMissing());
        }

        var spec = specs.FirstOrDefault(spec => spec.Name == name) ?? throw new ModelRefusedException($"the model's {kind} '{name}' is not in the signature");
        if (spec.Datatype != datatype.Name())
        {
            throw new ModelRefusedException($"{kind} '{name}' is {datatype.Name()} in the model and {spec.Datatype} in the signature");
        }

        if (spec.Shape.Count != shape.Length || spec.Shape.Zip(shape).Any(pair => pair.First >= 0 && pair.Second >= 0 && pair.First != pair.Second))
        {
            throw new ModelRefusedException($"{kind} '{name}' is {TensorShape.Text(shape)} in the model and {TensorShape.Text([.. spec.Shape])} in the signature");
        }

        // A dimension is dynamic only where both say so.
        return new TensorInfo(name, datatype, [.. shape.Zip(spec.Shape, (model, sign) => model >= 0 ? model : sign)], spec.Nullable);
    }
}
