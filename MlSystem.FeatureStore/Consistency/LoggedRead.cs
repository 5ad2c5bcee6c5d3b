using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>One entity row of one view as an online read gave it: a line of the read log. Short names, because there are many.</summary>
public sealed record LoggedRead
{
    /// <summary>When it was read, in microseconds since 1970-01-01T00:00:00Z.</summary>
    [JsonPropertyName("t")]
    public required long ReadUs { get; init; }

    [JsonPropertyName("v")]
    public required string View { get; init; }

    /// <summary>The view's version.</summary>
    [JsonPropertyName("n")]
    public required int Version { get; init; }

    /// <summary>Values of the join keys as text; of sensitive ones the salted hash.</summary>
    [JsonPropertyName("k")]
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Event time of the row that was read; null: there was none.</summary>
    [JsonPropertyName("e")]
    public long? EventUs { get; init; }

    [JsonPropertyName("f")]
    public required IReadOnlyList<string> Features { get; init; }

    /// <summary>Numbers of Feast's statuses.</summary>
    [JsonPropertyName("s")]
    public required IReadOnlyList<int> Statuses { get; init; }

    /// <summary>Values as JSON, null where the status is not PRESENT; of sensitive features the salted hash of the JSON.</summary>
    [JsonPropertyName("x")]
    public required IReadOnlyList<JsonElement?> Values { get; init; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LoggedRead))]
internal sealed partial class LoggedReadJson : JsonSerializerContext;
