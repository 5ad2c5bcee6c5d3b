using System.ComponentModel.DataAnnotations;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>Time limits of calls to other services: configuration section <c>MlSystem:Clients</c>.</summary>
public sealed class ServiceClientOptions
{
    public const string Section = "MlSystem:Clients";

    /// <summary>Until the headers of one attempt's answer, seconds; 0.1 to 3600. Default 10.</summary>
    [Range(0.1, 3600)]
    public double AttemptTimeoutSeconds { get; set; } = 10;

    /// <summary>All attempts together, seconds; 0.1 to 3600, not less than one attempt. Default 30.</summary>
    [Range(0.1, 3600)]
    public double TotalTimeoutSeconds { get; set; } = 30;

    /// <summary>Establishing a connection, seconds; 0.1 to 60. Default 3.</summary>
    [Range(0.1, 60)]
    public double ConnectTimeoutSeconds { get; set; } = 3;

    /// <summary>Deadline of a unary gRPC call that was given none, seconds; 0.1 to 3600. Default 10.</summary>
    [Range(0.1, 3600)]
    public double GrpcDeadlineSeconds { get; set; } = 10;

    /// <summary>Retries of an idempotent request; 1 to 10. Default 3.</summary>
    [Range(1, 10)]
    public int MaxRetries { get; set; } = 3;

    /// <summary>Before the first retry, milliseconds, doubling with jitter; 1 to 60000. Default 200.</summary>
    [Range(1, 60_000)]
    public double RetryDelayMs { get; set; } = 200;
}
