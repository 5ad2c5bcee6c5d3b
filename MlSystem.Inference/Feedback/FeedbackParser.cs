using System.Globalization;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Protocols.Rest;

namespace MlSystem.Inference.Feedback;

/// <summary>Reads and checks feedback: <c>{"id": "&lt;request_id&gt;/&lt;row&gt;", "label" and/or "reward", "timestamp"?}</c>.</summary>
public static class FeedbackParser
{
    private const int MaxItems = 10_000;
    private const int MaxErrors = 20;

    /// <param name="isBandit">Whether rewards must be 0 to 1.</param>
    /// <exception cref="InferenceException">All that is wrong, item by item.</exception>
    public static IReadOnlyList<FeedbackEvent> Parse(ReadOnlyMemory<byte> body, string endpoint, DateTimeOffset now, bool isBandit)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Parse(document.RootElement, endpoint, now, isBandit);
        }
        catch (JsonException error)
        {
            throw new InferenceException(FaultKind.InvalidArgument, JsonFault.Describe(error), error);
        }
        catch (InvalidOperationException error)
        {
            // JsonElement's way of saying that an escaped string is not text: a lone surrogate.
            throw new InferenceException(FaultKind.InvalidArgument, "malformed JSON: a string has an invalid escape", error);
        }
    }

    private static List<FeedbackEvent> Parse(JsonElement root, string endpoint, DateTimeOffset now, bool isBandit)
    {
        var items = root.ValueKind == JsonValueKind.Array ? [.. root.EnumerateArray()] : new List<JsonElement> { root };
        if (items.Count is 0 or > MaxItems)
        {
            throw InferenceException.Invalid($"{items.Count} items of feedback: 1 to {MaxItems} are accepted in one request");
        }

        var errors = new List<string>();
        var events = new List<FeedbackEvent>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var itemErrors = new List<string>();
            if (Read(items[i], endpoint, now, isBandit, itemErrors) is { } feedback)
            {
                events.Add(feedback);
            }

            errors.AddRange(itemErrors.Select(error => $"[{i}] {error}"));
        }

        return errors.Count == 0 ? events : throw InferenceException.Invalid(
            $"nothing was stored: {string.Join("; ", errors.Take(MaxErrors))}{(errors.Count > MaxErrors ? $"; and {errors.Count - MaxErrors} more" : "")}");
    }

    private static FeedbackEvent? Read(JsonElement item, string endpoint, DateTimeOffset now, bool isBandit, List<string> errors)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            errors.Add("must be an object");
            return null;
        }

        errors.AddRange(item.EnumerateObject().Where(p => p.Name is not ("id" or "label" or "reward" or "timestamp"))
            .Select(p => $"has the unknown field '{p.Name}'; fields are id, label, reward, timestamp"));
        var id = Id(item, errors);
        var label = Label(item, errors);
        var reward = Reward(item, errors);
        if (isBandit && reward is (< 0 or > 1))
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"has the reward {reward}: the endpoint's policy is a bandit, whose rewards are 0 to 1"));
        }

        var time = Time(item, now, errors);
        if (errors.Count == 0 && label is null && reward is null)
        {
            errors.Add("needs a label or a reward");
        }

        return errors.Count > 0 || id is null ? null : new FeedbackEvent
        {
            FeedbackId = Guid.CreateVersion7(now).ToString(),
            PredictionId = $"{id.Value.RequestId}/{id.Value.Row.ToString(CultureInfo.InvariantCulture)}",
            RequestId = id.Value.RequestId,
            Row = id.Value.Row,
            Endpoint = endpoint,
            Label = label,
            Reward = reward,
            Time = time,
        };
    }

    private static (string RequestId, int Row)? Id(JsonElement item, List<string> errors)
    {
        var text = item.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString()! : "";
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0
            && Guid.TryParseExact(text.AsSpan(0, slash), "D", out var request)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var row))
        {
            return (request.ToString(), row);
        }

        errors.Add("needs an id of the form \"<request_id>/<row>\" as the prediction's answer gives it, rows from 0");
        return null;
    }

    private static JsonElement? Label(JsonElement item, List<string> errors)
    {
        if (!item.TryGetProperty("label", out var label))
        {
            return null;
        }

        if (label.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
        {
            // A string that is no text (a lone surrogate) must be found here, not when the event is written.
            _ = label.ValueKind == JsonValueKind.String ? label.GetString() : null;
            return label.Clone();
        }

        errors.Add("its label must be a string, a number or a boolean");
        return null;
    }

    private static double? Reward(JsonElement item, List<string> errors)
    {
        if (!item.TryGetProperty("reward", out var reward))
        {
            return null;
        }

        if (reward.ValueKind == JsonValueKind.Number && reward.TryGetDouble(out var value) && double.IsFinite(value))
        {
            return value;
        }

        errors.Add("its reward must be a finite number");
        return null;
    }

    private static DateTimeOffset Time(JsonElement item, DateTimeOffset now, List<string> errors)
    {
        if (!item.TryGetProperty("timestamp", out var timestamp))
        {
            return now;
        }

        if (timestamp.ValueKind == JsonValueKind.String && timestamp.TryGetDateTimeOffset(out var time))
        {
            return time;
        }

        errors.Add("its timestamp must be an RFC 3339 date and time");
        return now;
    }
}
