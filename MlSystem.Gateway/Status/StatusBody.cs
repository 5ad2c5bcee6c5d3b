using System.Text.Json.Serialization;

namespace MlSystem.Gateway.Status;

/// <summary>Body of <c>GET /api/status</c>.</summary>
internal sealed record StatusBody
{
    public required DateTimeOffset CheckedAt { get; init; }

    /// <summary><c>host:port</c> for gRPC clients (cleartext HTTP/2); absent when the gateway has no gRPC endpoint.</summary>
    public string? GrpcAddress { get; init; }

    /// <summary>The gateway first, then every replica of every service.</summary>
    public required IReadOnlyList<ServiceStatus> Services { get; init; }
}

/// <summary>One process.</summary>
internal sealed record ServiceStatus
{
    public required string Name { get; init; }

    /// <summary>Where the gateway finds it.</summary>
    public required string Address { get; init; }

    /// <summary><c>healthy</c>, <c>degraded</c>, <c>starting</c>, <c>draining</c> or <c>down</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is not healthy.</summary>
    public string? Detail { get; init; }

    public string? Version { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public int? Restarts { get; init; }

    /// <summary>Path of the service's OpenAPI document at the gateway.</summary>
    public required string Openapi { get; init; }

    /// <summary>Path of the service's health report at the gateway.</summary>
    public required string Health { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusBody))]
internal sealed partial class StatusJson : JsonSerializerContext;
