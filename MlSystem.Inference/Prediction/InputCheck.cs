using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Prediction;

/// <summary>Checks that the tensors of one request belong together.</summary>
internal static class InputCheck
{
    /// <summary>Sets the number of rows; inputs and join keys that count rows must agree on it.</summary>
    public static void SetRows(InferenceCall call)
    {
        Tensor? first = null;
        Compare(call.Tensors.Inputs, ref first);
        Compare(call.Tensors.JoinKeys, ref first);
        call.Rows = call.Variant.Version.Runtime.HasRows && first is not null ? (int)first.Rows : 1;
    }

    private static void Compare(Tensor[] tensors, ref Tensor? first)
    {
        foreach (var tensor in tensors)
        {
            if (!tensor.IsPresent || !tensor.Info.HasRows)
            {
                continue;
            }

            first ??= tensor;
            if (tensor.Rows != first.Rows && tensor.Info.IsColumn && first.Info.IsColumn)
            {
                throw InferenceException.Invalid($"input '{tensor.Info.Name}' has {tensor.Rows} rows and '{first.Info.Name}' has {first.Rows}: all must have as many");
            }
        }
    }
}
