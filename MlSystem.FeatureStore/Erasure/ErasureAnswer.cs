using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>What an erasure is to do.</summary>
/// <param name="Key">Values of the entity's join keys as text, in its order; gone once the erasure has succeeded.</param>
/// <param name="KeyHash">Salted hash of the key, which stays.</param>
public sealed record ErasureRequest(string Entity, IReadOnlyList<string>? Key, string KeyHash, string? Reason)
{
    public string Text() => JsonSerializer.Serialize(this, ErasureJson.Default.ErasureRequest);

    public static ErasureRequest Of(string text) => JsonSerializer.Deserialize(text, ErasureJson.Default.ErasureRequest)!;
}

/// <summary>What was removed so far, and what is left. Counts don't suffer from a crash: what was removed before is not counted again.</summary>
public sealed record ErasureResult
{
    /// <summary>Rows of the entity up to this event time are erased.</summary>
    public DateTimeOffset? Cutoff { get; init; }

    public IReadOnlyList<ErasedView> Views { get; init; } = [];

    /// <summary>Rows of logged online reads of this replica.</summary>
    public long ReadLogRows { get; init; }

    /// <summary>Where data of the entity may still be, unread, and until when.</summary>
    public IReadOnlyList<Remainder> Remains { get; init; } = [];

    public string Text() => JsonSerializer.Serialize(this, ErasureJson.Default.ErasureResult);

    public static ErasureResult Of(string? text) => text is null ? new ErasureResult() : JsonSerializer.Deserialize(text, ErasureJson.Default.ErasureResult)!;
}

/// <summary>What was removed of one view.</summary>
public sealed record ErasedView(string FeatureView, long OnlineRows, long OfflineRows, long FilesRewritten);

/// <summary>Something that an erasure can't remove at once.</summary>
/// <param name="Where"><c>event_log replaced_files online_store_log backup source</c>.</param>
/// <param name="Until">When it is gone by itself; absent: not known to the feature store.</param>
public sealed record Remainder(string Where, string Name, DateTimeOffset? Until, string Note);

/// <summary>An erasure as its API tells it; the key is never told.</summary>
public sealed record ErasureAnswer(
    string Id, string State, string Entity, string KeyHash, string? Reason, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, string? Error,
    DateTimeOffset? Cutoff, IReadOnlyList<ErasedView> Views, long ReadLogRows, IReadOnlyList<Remainder> Remains)
{
    public static ErasureAnswer Of(JobRow job)
    {
        var (request, result) = (ErasureRequest.Of(job.Request), ErasureResult.Of(job.Progress));
        return new(
            job.Id, job.State, request.Entity, request.KeyHash, request.Reason, job.CreatedBy, UnixTime.FromMicroseconds(job.CreatedAtUs),
            job.FinishedAtUs is { } us ? UnixTime.FromMicroseconds(us) : null, job.Error, result.Cutoff, result.Views, result.ReadLogRows, result.Remains);
    }
}

/// <summary>Erasures, newest first: the record of who erased what, and when.</summary>
public sealed record ErasureList(IReadOnlyList<ErasureAnswer> Erasures);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErasureRequest))]
[JsonSerializable(typeof(ErasureResult))]
[JsonSerializable(typeof(ErasureAnswer))]
[JsonSerializable(typeof(ErasureList))]
internal sealed partial class ErasureJson : JsonSerializerContext;
