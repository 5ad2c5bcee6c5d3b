using System.Runtime.InteropServices;

namespace MlSystem.Inference.PredictionLog;

/// <summary>What a batch keeps of a request besides its tensors.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct LoggedRequest(in AnsweredCall call)
{
    /// <summary>Bytes of memory of one, its texts included.</summary>
    public const int Size = 192;

    public string Id { get; } = call.RequestId;

    public string? PairedId { get; } = call.PairedRequestId;

    public string? ClientId { get; } = call.ClientId;

    /// <summary>Microseconds since the Unix epoch.</summary>
    public long Time { get; } = (call.Time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public long LatencyMicroseconds { get; } = (long)call.Latency.TotalMicroseconds;

    public double? OldestFeatureAgeSeconds { get; } = call.OldestFeatureAgeSeconds;

    public int Rows { get; } = call.Rows;

    /// <summary>Upper bound of its bytes in the event.</summary>
    public long EncodedBytes =>
        100 + Text(Id) + (PairedId is null ? 0 : Text(PairedId)) + (ClientId is null ? 0 : 14 + Text(ClientId)) + (OldestFeatureAgeSeconds is null ? 0 : 40);

    /// <summary>Every character may have to be escaped.</summary>
    private static long Text(string text) => 3 + (6L * text.Length);
}
