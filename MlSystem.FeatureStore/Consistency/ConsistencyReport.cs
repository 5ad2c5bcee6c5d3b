using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Why what online served differs from what a join gives for the time of the read.</summary>
public static class Difference
{
    /// <summary>The row that a join finds was taken in after the read: late data, or a correction.</summary>
    public const string LateRow = "late_row";

    /// <summary>One side counted the value as expired, the other did not.</summary>
    public const string Expired = "expired";

    /// <summary>Online had a row that was pushed online only.</summary>
    public const string OnlineOnly = "online_only";

    /// <summary>Online had a row that the offline store does not have.</summary>
    public const string MissingOffline = "missing_offline";

    /// <summary>Offline had a newer row, pushed offline only, that no materialization had brought online.</summary>
    public const string NotMaterialized = "not_materialized";

    /// <summary>Offline had a newer row that was meant for the online store and was not there yet.</summary>
    public const string StaleOnline = "stale_online";

    /// <summary>The view's definition is another one than at the read.</summary>
    public const string DefinitionChanged = "definition_changed";

    /// <summary>Rows of the same event time have different values.</summary>
    public const string ValueDiffers = "value_differs";
}

/// <summary>Which logged reads to replay.</summary>
/// <param name="FeatureViews">Null: all.</param>
/// <param name="FromUs">Time of the read, inclusive, microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="ToUs">Exclusive.</param>
public sealed record ConsistencyRequest(IReadOnlyList<string>? FeatureViews, long FromUs, long ToUs);

/// <summary>How far online reads and the offline join agree.</summary>
/// <param name="Rows">Logged entity rows that were replayed.</param>
/// <param name="Values">Their values.</param>
/// <param name="Different">Values that differ.</param>
/// <param name="Share">Different values as a share of all, 0 to 1.</param>
public sealed record ConsistencyReport(long Rows, long Values, long Different, double Share, IReadOnlyList<ViewConsistency> Views)
{
    public static ConsistencyReport Of(IReadOnlyList<ViewConsistency> views)
    {
        var (values, different) = (views.Sum(view => view.Values), views.Sum(view => view.Different));
        return new(views.Sum(view => view.Rows), values, different, values == 0 ? 0 : (double)different / values, views);
    }
}

/// <summary>One view.</summary>
/// <param name="RowsLeftOut">Logged rows beyond the limit of one replay, the oldest.</param>
/// <param name="Reasons">Reason → values that differ because of it.</param>
/// <param name="Examples">Some of the values that differ.</param>
public sealed record ViewConsistency(
    string FeatureView, long Rows, long RowsLeftOut, long Values, long Different, double Share, IReadOnlyDictionary<string, long> Reasons,
    IReadOnlyList<FeatureConsistency> Features, IReadOnlyList<DifferentValue> Examples);

public sealed record FeatureConsistency(string Feature, long Values, long Different, double Share);

/// <summary>A value that differs. Values and keys of sensitive columns are left out.</summary>
/// <param name="Online">As JSON text; absent: none.</param>
/// <param name="Offline">As JSON text; absent: none.</param>
public sealed record DifferentValue(
    string Feature, string Reason, DateTimeOffset ReadTime, IReadOnlyList<string?> Keys, string? Online, string? Offline, DateTimeOffset? OnlineEventTime, DateTimeOffset? OfflineEventTime);

/// <summary>A replay as its API tells it; <see cref="Report"/> is there when it has succeeded.</summary>
public sealed record ConsistencyAnswer(
    string Id, string State, IReadOnlyList<string>? FeatureViews, DateTimeOffset From, DateTimeOffset To, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt,
    string? Error, ConsistencyReport? Report)
{
    public static ConsistencyAnswer Of(JobRow job)
    {
        var request = JsonSerializer.Deserialize(job.Request, ConsistencyJson.Default.ConsistencyRequest)!;
        return new(
            job.Id, job.State, request.FeatureViews, UnixTime.FromMicroseconds(request.FromUs), UnixTime.FromMicroseconds(request.ToUs), job.CreatedBy, UnixTime.FromMicroseconds(job.CreatedAtUs),
            job.FinishedAtUs is { } finished ? UnixTime.FromMicroseconds(finished) : null, job.Error,
            job.Progress is { } report ? JsonSerializer.Deserialize(report, ConsistencyJson.Default.ConsistencyReport) : null);
    }
}

/// <summary>Replays, newest first.</summary>
public sealed record ConsistencyList(IReadOnlyList<ConsistencyAnswer> Replays);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConsistencyRequest))]
[JsonSerializable(typeof(ConsistencyReport))]
[JsonSerializable(typeof(ConsistencyAnswer))]
[JsonSerializable(typeof(ConsistencyList))]
internal sealed partial class ConsistencyJson : JsonSerializerContext;
