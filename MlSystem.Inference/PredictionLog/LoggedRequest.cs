using System.Runtime.InteropServices;

namespace MlSystem.Inference.PredictionLog;

/// <summary>
/// What a batch keeps of a request besides its tensors. Request ids are kept as the 16 bytes that they are: their texts would
/// outlive the collections of young objects, and copying them there stopped all requests for milliseconds.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct LoggedRequest(in AnsweredCall call)
{
    /// <summary>Bytes of memory of one, its texts included.</summary>
    public const int Size = 192;

    /// <summary>Characters of an id in its quotation marks, and a comma.</summary>
    private const int IdBytes = 39;

    public Guid Id { get; } = Guid.ParseExact(call.RequestId, "D");

    public Guid? PairedId { get; } = call.PairedRequestId is { } paired ? Guid.ParseExact(paired, "D") : null;

    public string? ClientId { get; } = call.ClientId;

    /// <summary>Microseconds since the Unix epoch.</summary>
    public long Time { get; } = (call.Time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public long LatencyMicroseconds { get; } = (long)call.Latency.TotalMicroseconds;

    public double? OldestFeatureAgeSeconds { get; } = call.OldestFeatureAgeSeconds;

    public int Rows { get; } = call.Rows;

    /// <summary>Upper bound of its bytes in the event.</summary>
    public long EncodedBytes =>
        100 + IdBytes + (PairedId is null ? 0 : IdBytes) + (ClientId is null ? 0 : 14 + Text(ClientId)) + (OldestFeatureAgeSeconds is null ? 0 : 40);

    /// <summary>Every character may have to be escaped.</summary>
    private static long Text(string text) => 3 + (6L * text.Length);
}
