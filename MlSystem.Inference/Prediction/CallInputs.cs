using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Prediction;

/// <summary>Names of a call's inputs and outputs, for both protocols.</summary>
internal static class CallInputs
{
    /// <summary>The model input or join key of a name.</summary>
    public static Tensor Find(InferenceCall call, string name) =>
        Array.Find(call.Tensors.Inputs, input => input.Info.Name == name)
        ?? Array.Find(call.Tensors.JoinKeys, key => key.Info.Name == name)
        ?? throw InferenceException.Invalid(Unknown(call, name));

    public static string Unknown(InferenceCall call, string name)
    {
        var keys = call.Tensors.JoinKeys.Length == 0 ? "" : $"; join keys are {Names(call.Tensors.JoinKeys)}";
        return $"the model has no input '{name}'; its inputs are {Names(call.Tensors.Inputs)}{keys}";
    }

    /// <summary>The place of an output among the model's.</summary>
    public static int FindOutput(InferenceCall call, string name)
    {
        var index = Array.FindIndex(call.Tensors.Outputs, output => output.Info.Name == name);
        return index >= 0 ? index : throw InferenceException.Invalid($"the model has no output '{name}'; its outputs are {Names(call.Tensors.Outputs)}");
    }

    private static string Names(Tensor[] tensors) => string.Join(", ", tensors.Select(tensor => $"'{tensor.Info.Name}'"));
}
