using System.Text.Json.Serialization;

namespace MlSystem.Monitor.Performance;

/// <summary>Body of <c>GET /api/endpoints/{endpoint}/performance</c>.</summary>
public sealed record EndpointPerformance
{
    public required string Endpoint { get; init; }

    public required IReadOnlyList<VersionPerformance> Versions { get; init; }

    /// <summary>Predictions that feedback names and that have not arrived (yet), whenever they were made.</summary>
    public required long FeedbackWaiting { get; init; }
}

/// <summary>Counts of one model version in one variant and role.</summary>
public sealed record VersionPerformance
{
    public required string Model { get; init; }

    public required int Version { get; init; }

    public required string Variant { get; init; }

    /// <summary><c>live</c> or <c>shadow</c>.</summary>
    public required string Role { get; init; }

    public required long Requests { get; init; }

    /// <summary>Rows of the requests.</summary>
    public required long Predictions { get; init; }

    /// <summary>Predictions with any feedback.</summary>
    public required long Joined { get; init; }

    /// <summary>Predictions with a label.</summary>
    public required long Labelled { get; init; }

    /// <summary>Predictions with a reward.</summary>
    public required long Rewarded { get; init; }

    public required DateTimeOffset FirstPredictionAt { get; init; }

    public required DateTimeOffset LastPredictionAt { get; init; }
}

/// <summary>Body of <c>GET /api/monitors</c>.</summary>
public sealed record MonitorList
{
    public required IReadOnlyList<EndpointMonitor> Monitors { get; init; }
}

/// <summary>What is watched of one endpoint.</summary>
public sealed record EndpointMonitor
{
    public required string Endpoint { get; init; }

    public required long Requests { get; init; }

    public required long Predictions { get; init; }

    public required DateTimeOffset FirstPredictionAt { get; init; }

    public required DateTimeOffset LastPredictionAt { get; init; }

    /// <summary>Parquet files of the history and their size; what came in the last minute is not in a file yet.</summary>
    public required int HistoryFiles { get; init; }

    public required long HistoryBytes { get; init; }

    public required int RetentionDays { get; init; }
}

/// <summary>JSON of the answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EndpointPerformance))]
[JsonSerializable(typeof(MonitorList))]
public sealed partial class PerformanceJson : JsonSerializerContext;
