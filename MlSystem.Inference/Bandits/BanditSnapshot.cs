using System.Text.Json.Serialization;

namespace MlSystem.Inference.Bandits;

/// <summary>The ledger with the offsets up to which it has read the feedback topic: <c>bandits.json</c> in the service's own folder.</summary>
internal sealed record BanditSnapshot
{
    /// <summary>This replica's own consumer group.</summary>
    public required string Group { get; init; }

    /// <summary>Partition → the offset that is read next.</summary>
    public required IReadOnlyDictionary<int, long> Offsets { get; init; }

    public required IReadOnlyList<SnapshotArm> Arms { get; init; }

    /// <summary>In the order in which they were first rewarded.</summary>
    public required IReadOnlyList<SnapshotPrediction> Predictions { get; init; }
}

/// <param name="Last">When the newest reward was appended.</param>
internal sealed record SnapshotArm(string Endpoint, ushort Tag, long Pulls, double Sum, DateTimeOffset Last);

internal sealed record SnapshotPrediction(string Endpoint, Guid Request, int Row, double Reward);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BanditSnapshot))]
internal sealed partial class BanditJson : JsonSerializerContext;
