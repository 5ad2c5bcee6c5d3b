using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.PredictionLog;

/// <summary>Settings of the prediction log: section <c>Inference:PredictionLog</c>.</summary>
public sealed class PredictionLogOptions
{
    /// <summary>Milliseconds until an answered request is in an event that is being written, 10 to 60,000; default 250. What <c>kill -9</c> can take.</summary>
    [Range(10, 60_000)]
    public int FlushIntervalMilliseconds { get; set; } = 250;

    /// <summary>Requests in one event, 1 to 100,000; default 4,096.</summary>
    [Range(1, 100_000)]
    public int BatchSize { get; set; } = 4096;

    /// <summary>Largest event in bytes, 1,024 to 2^30, at most what the event log takes; default 1,000,000. A request that is larger is written without its inputs.</summary>
    [Range(1024, 1 << 30)]
    public int MaxEventBytes { get; set; } = 1_000_000;

    /// <summary>Requests that wait to be written, 1 to 100,000,000; default 1,000,000. Beyond, predictions are dropped and counted.</summary>
    [Range(1, 100_000_000)]
    public int MaxWaiting { get; set; } = 1_000_000;

    /// <summary>Bytes that wait to be written, default 64 MiB. Beyond, predictions are dropped and counted.</summary>
    [Range(1, long.MaxValue)]
    public long MaxWaitingBytes { get; set; } = 64 << 20;

    /// <summary>Seconds that stopping waits for what is not yet written, 0 to 300; default 5.</summary>
    [Range(0, 300)]
    public int DrainSeconds { get; set; } = 5;
}
