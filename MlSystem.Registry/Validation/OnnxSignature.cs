using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;

namespace MlSystem.Registry.Validation;

/// <summary>The signature of a model that came without one: what the model declares of itself.</summary>
internal static class OnnxSignature
{
    /// <returns>The signature, or why there is none.</returns>
    public static (ModelSignature? Signature, string? Problem) Of(InferenceSession session)
    {
        var problems = Problems("input", session.InputNames, session.InputMetadata).Concat(Problems("output", session.OutputNames, session.OutputMetadata)).ToList();
        return problems.Count > 0 ? (null, string.Join("; ", problems)) : (new ModelSignature
        {
            Task = ModelTask.Custom,
            Inputs = [.. session.InputNames.Select(name => Spec(name, session.InputMetadata[name], isInput: true))],
            Outputs = [.. session.OutputNames.Select(name => Spec(name, session.OutputMetadata[name], isInput: false))],
        }, null);
    }

    private static IEnumerable<string> Problems(string side, IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> nodes)
    {
        foreach (var name in names)
        {
            var node = nodes[name];
            if (!node.IsTensor)
            {
                var kind = node.OnnxValueType switch
                {
                    OnnxValueType.ONNX_TYPE_SEQUENCE => "a sequence",
                    OnnxValueType.ONNX_TYPE_MAP => "a map",
                    var other => other.ToString(),
                };
                yield return $"{side} '{name}' is {kind}, which the protocol has no form for; export the model with tensors only (skl2onnx: options={{'zipmap': False}})";
            }
            else if (SignatureCheck.Datatype(node.ElementDataType) is null)
            {
                yield return $"{side} '{name}' is a tensor of {node.ElementDataType}, which the protocol has no datatype for";
            }
        }
    }

    /// <summary>Missing values go to the model where its datatype has a form for them: it alone knows what it does with them.</summary>
    private static TensorSpec Spec(string name, NodeMetadata node, bool isInput)
    {
        var datatype = SignatureCheck.Datatype(node.ElementDataType)!;
        return new TensorSpec
        {
            Name = name,
            Datatype = datatype,
            Shape = [.. node.Dimensions.Select(dimension => dimension < 0 ? -1L : dimension)],
            Nullable = isInput && datatype is ("FP16" or "FP32" or "FP64" or "BYTES"),
        };
    }
}
