using System.Text.Json.Serialization;

namespace MlSystem.Monitor.Served;

/// <summary>Body of <c>GET /api/monitors/served</c>.</summary>
public sealed record ServedVersion
{
    public required string Model { get; init; }

    public required int Version { get; init; }

    /// <summary>By endpoint, revision, variant and role.</summary>
    public required IReadOnlyList<ServedCount> Served { get; init; }
}

/// <summary>How much a version answered under one revision of an endpoint.</summary>
public sealed record ServedCount
{
    public required string Endpoint { get; init; }

    /// <summary>Absent where it is not known.</summary>
    public long? EndpointRevision { get; init; }

    public required string Variant { get; init; }

    /// <summary><c>live</c> or <c>shadow</c>.</summary>
    public required string Role { get; init; }

    public required long Requests { get; init; }

    /// <summary>Rows of the requests.</summary>
    public required long Predictions { get; init; }

    public required DateTimeOffset FirstPredictionAt { get; init; }

    public required DateTimeOffset LastPredictionAt { get; init; }
}

/// <summary>JSON of the answer.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServedVersion))]
public sealed partial class ServedJson : JsonSerializerContext;
