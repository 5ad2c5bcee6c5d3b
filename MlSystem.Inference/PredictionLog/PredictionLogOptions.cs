using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.PredictionLog;

/// <summary>Settings of the prediction log: section <c>Inference:PredictionLog</c>.</summary>
public sealed class PredictionLogOptions
{
    /// <summary>Predictions that wait to become events, and events that wait to be written, 1 to 1,000,000 each. Beyond, predictions are dropped and counted.</summary>
    [Range(1, 1_000_000)]
    public int MaxWaiting { get; set; } = 8192;

    /// <summary>Bytes of tensors that wait, and of events that wait, default 64 MiB each. Beyond, predictions are dropped and counted.</summary>
    [Range(1, long.MaxValue)]
    public long MaxWaitingBytes { get; set; } = 64 << 20;

    /// <summary>Predictions in one append, 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int BatchSize { get; set; } = 500;

    /// <summary>Largest event in bytes; a larger one is written without its inputs, default 1,000,000.</summary>
    [Range(1024, 1 << 30)]
    public int MaxEventBytes { get; set; } = 1_000_000;

    /// <summary>Seconds that stopping waits for what is not yet written, 0 to 300.</summary>
    [Range(0, 300)]
    public int DrainSeconds { get; set; } = 5;
}
