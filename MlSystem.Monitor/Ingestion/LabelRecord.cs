using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Contracts;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.Ingestion;

/// <summary>A joined outcome as it is staged: everything known of the prediction when it was written. The newest of a prediction counts.</summary>
internal sealed record LabelRecord
{
    public required string RequestId { get; init; }

    public required int Row { get; init; }

    public JsonElement? Label { get; init; }

    /// <summary>Unix milliseconds; null without a label.</summary>
    public long? LabelTime { get; init; }

    public double? Reward { get; init; }

    /// <summary>Unix milliseconds; null without a reward.</summary>
    public long? RewardTime { get; init; }

    public static LabelRecord Of(OutcomeRow outcome) => new()
    {
        RequestId = outcome.RequestId,
        Row = outcome.Row,
        Label = outcome.Label is null ? null : JsonSerializer.Deserialize(outcome.Label, MonitorJson.Default.JsonElement),
        LabelTime = outcome.Label is null ? null : outcome.LabelTime,
        Reward = outcome.Reward,
        RewardTime = outcome.Reward is null ? null : outcome.RewardTime,
    };

    /// <summary>Takes over what the feedback knows better; false when it knows nothing new, as a duplicate does.</summary>
    public static bool Merge(OutcomeRow outcome, FeedbackEvent feedback)
    {
        var time = feedback.Time.ToUnixTimeMilliseconds();
        var changed = false;
        if (feedback.Label is { } label && IsNewer(time, feedback.FeedbackId, outcome.LabelTime, outcome.LabelFeedbackId))
        {
            (outcome.Label, outcome.LabelTime, outcome.LabelFeedbackId) = (label.GetRawText(), time, feedback.FeedbackId);
            changed = true;
        }

        if (feedback.Reward is { } reward && IsNewer(time, feedback.FeedbackId, outcome.RewardTime, outcome.RewardFeedbackId))
        {
            (outcome.Reward, outcome.RewardTime, outcome.RewardFeedbackId) = (reward, time, feedback.FeedbackId);
            changed = true;
        }

        return changed;
    }

    private static bool IsNewer(long time, string id, long knownTime, string knownId) =>
        knownId.Length == 0 || time > knownTime || (time == knownTime && string.CompareOrdinal(id, knownId) > 0);
}

/// <summary>JSON of staged outcomes, in the contracts' form.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(LabelRecord))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class MonitorJson : JsonSerializerContext;
