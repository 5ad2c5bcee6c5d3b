using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>What a materialization is to do.</summary>
/// <param name="FeatureViews">Not empty.</param>
/// <param name="StartUs">Exclusive, microseconds since 1970-01-01T00:00:00Z; null: incremental.</param>
/// <param name="EndUs">Inclusive.</param>
/// <param name="Schedule">The view whose schedule asked for it.</param>
public sealed record MaterializationRequest(IReadOnlyList<string> FeatureViews, long? StartUs, long EndUs, string? Schedule = null)
{
    public string Text() => JsonSerializer.Serialize(this, MaterializationJson.Default.MaterializationRequest);

    public static MaterializationRequest Of(string text) => JsonSerializer.Deserialize(text, MaterializationJson.Default.MaterializationRequest)!;
}

/// <summary>How far a materialization is, by view.</summary>
public sealed record MaterializationProgress(Dictionary<string, ViewProgress> Views)
{
    public string Text() => JsonSerializer.Serialize(this, MaterializationJson.Default.MaterializationProgress);

    public static MaterializationProgress Of(string? text) =>
        text is null ? new(new Dictionary<string, ViewProgress>(StringComparer.Ordinal)) : JsonSerializer.Deserialize(text, MaterializationJson.Default.MaterializationProgress)!;
}

/// <summary>How far one view is. Partitions are done from the newest to the oldest.</summary>
public sealed record ViewProgress
{
    /// <summary>Of <see cref="JobState"/>.</summary>
    public string State { get; init; } = JobState.Running;

    /// <summary>Why it was left out or refused.</summary>
    public string? Message { get; init; }

    public required MaterializationWindow Window { get; init; }

    /// <summary>All partitions from this date on are done; null: none.</summary>
    public DateOnly? DoneFrom { get; init; }

    public int Partitions { get; init; }

    public int PartitionsDone { get; init; }

    /// <summary>Rows in the partitions, repeated deliveries included.</summary>
    public long Rows { get; init; }

    public long RowsRead { get; init; }

    /// <summary>Newest rows of entities offered to the online store.</summary>
    public long Entities { get; init; }

    /// <summary>Those of them that were newer than what the online store had.</summary>
    public long Written { get; init; }

    /// <summary>Rules of the view that do not hold, where they only warn.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>
/// Which rows a materialization takes: offline ones with start &lt; event time ≤ end that were in the offline store when it began. An incremental one
/// leaves out what the one before it took, but takes rows that came late.
/// </summary>
/// <param name="StartUs">Exclusive, microseconds since 1970-01-01T00:00:00Z, as all below.</param>
/// <param name="EndUs">Inclusive.</param>
/// <param name="LoggedUntilUs">Inclusive, by the event log's time.</param>
/// <param name="DoneUntilUs">Rows up to this event time that were logged until <paramref name="DoneLoggedUs"/> have been taken.</param>
public sealed record MaterializationWindow(long StartUs, long EndUs, long LoggedUntilUs, long? DoneUntilUs = null, long? DoneLoggedUs = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MaterializationRequest))]
[JsonSerializable(typeof(MaterializationProgress))]
[JsonSerializable(typeof(MaterializationList))]
[JsonSerializable(typeof(MaterializationAnswer))]
internal sealed partial class MaterializationJson : JsonSerializerContext;
