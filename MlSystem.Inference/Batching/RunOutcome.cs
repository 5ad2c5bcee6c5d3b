using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Batching;

/// <summary>How a run ended; an expected refusal is a value, so that it costs no exception.</summary>
/// <param name="Fault">Null: the outputs are in the caller's tensors.</param>
/// <param name="Started">When the model began, a timestamp of the injected time provider.</param>
/// <param name="Ended">When it was done.</param>
public readonly record struct RunOutcome(Fault? Fault, long Started, long Ended);
