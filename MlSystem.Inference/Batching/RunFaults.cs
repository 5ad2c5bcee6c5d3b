using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Batching;

/// <summary>What callers are told of a run that failed.</summary>
internal static class RunFaults
{
    public static Fault Of(Exception error) => error is InferenceException known
        ? known.Fault
        : new Fault(FaultKind.ModelFailed, $"the model failed: {error.Message}");

    public static Fault Hung(TimeSpan limit) => new(FaultKind.ModelFailed, $"the model did not end within {limit.TotalSeconds:0.###} s and was given up");
}
