using System.Text.Json.Serialization;

namespace MlSystem.ServiceDefaults.Health;

/// <summary>Body of <c>GET /health</c>.</summary>
public sealed record HealthBody
{
    /// <summary><c>healthy</c> or <c>degraded</c> (200); <c>starting</c> or <c>draining</c> (503).</summary>
    public required string Status { get; init; }

    /// <summary>Start-up tasks that are not done; only while starting.</summary>
    public IReadOnlyList<string>? Pending { get; init; }

    /// <summary>Why the first pending task failed last.</summary>
    public string? LastError { get; init; }

    public IReadOnlyList<HealthCheckEntry>? Checks { get; init; }

    [JsonIgnore]
    public bool IsReady => Checks is not null;
}

/// <summary>One dependency.</summary>
public sealed record HealthCheckEntry
{
    public required string Name { get; init; }

    /// <summary><c>healthy</c> or <c>degraded</c>.</summary>
    public required string Status { get; init; }

    public string? Description { get; init; }
}

/// <summary>Body of <c>GET /alive</c>.</summary>
public sealed record AliveBody
{
    /// <summary>Always <c>alive</c>.</summary>
    public required string Status { get; init; }

    public required string Service { get; init; }

    public required string Version { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How often the host has restarted the service.</summary>
    public required int Restarts { get; init; }

    public required int Pid { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(AliveBody))]
public sealed partial class HealthJson : JsonSerializerContext;
