using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.Ingestion;

/// <summary>The requests that one event brought: what feedback is joined with, and the event as it is staged.</summary>
internal sealed record Arrival
{
    /// <summary>One of <see cref="HistoryKind"/>.</summary>
    public required string Kind { get; init; }

    public required ReadOnlyMemory<byte> Payload { get; init; }

    public required string Endpoint { get; init; }

    /// <summary>The revision of the endpoint that was served; 0 where an older log does not say.</summary>
    public required long EndpointRevision { get; init; }

    public required string Model { get; init; }

    public required int Version { get; init; }

    public required string Variant { get; init; }

    public required string Role { get; init; }

    public required string[] Ids { get; init; }

    /// <summary>Unix milliseconds of each request.</summary>
    public required long[] Times { get; init; }

    public required int[] Rows { get; init; }

    public static Arrival Of(PredictionBatch batch, ReadOnlyMemory<byte> payload) => new()
    {
        Kind = HistoryKind.Batches,
        Payload = payload,
        Endpoint = batch.Event.Endpoint,
        EndpointRevision = batch.Event.EndpointRevision,
        Model = batch.Event.Model,
        Version = batch.Event.Version,
        Variant = batch.Event.Variant,
        Role = batch.Event.Role,
        Ids = [.. batch.Event.RequestIds],
        Times = [.. Enumerable.Range(0, batch.Count).Select(i => batch.Time(i).ToUnixTimeMilliseconds())],
        Rows = batch.Rows.ToArray(),
    };

    public static Arrival Of(PredictionEvent prediction, ReadOnlyMemory<byte> payload) => new()
    {
        Kind = HistoryKind.Predictions,
        Payload = payload,
        Endpoint = prediction.Endpoint,
        EndpointRevision = 0,
        Model = prediction.Model,
        Version = prediction.Version,
        Variant = prediction.Variant,
        Role = prediction.Role,
        Ids = [prediction.RequestId],
        Times = [prediction.Time.ToUnixTimeMilliseconds()],
        Rows = [prediction.Rows],
    };

    /// <summary>The UTC day of a time in Unix milliseconds, by which the history is kept.</summary>
    public static string Day(long time) => DateTimeOffset.FromUnixTimeMilliseconds(time).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
