using System.ComponentModel.DataAnnotations;

namespace MlSystem.Gateway.Routing;

/// <summary>Settings of the gateway: configuration section <c>MlSystem:Gateway</c>.</summary>
public sealed class GatewayOptions
{
    public const string Section = "MlSystem:Gateway";

    /// <summary>Connecting to a service, seconds; 0.1 to 60. Default 3.</summary>
    [Range(0.1, 60)]
    public double ConnectTimeoutSeconds { get; set; } = 3;

    /// <summary>How long a request may go without a byte moving in either direction, seconds; 0.1 to 86400. Default 100: above the longest long poll (60 s).</summary>
    [Range(0.1, 86_400)]
    public double ActivityTimeoutSeconds { get; set; } = 100;

    /// <summary>The same for gRPC and server-sent events, which may be silent for long, seconds; 0.1 to 86400. Default 3600.</summary>
    [Range(0.1, 86_400)]
    public double StreamActivityTimeoutSeconds { get; set; } = 3600;

    /// <summary>How often a service with several replicas is asked for its health, seconds; 0.5 to 600. Default 5.</summary>
    [Range(0.5, 600)]
    public double HealthProbeSeconds { get; set; } = 5;

    /// <summary>Requests a second that one principal may make in the long run; 1 to 10^9. Default 20000.</summary>
    [Range(1, 1_000_000_000)]
    public int RequestsPerSecond { get; set; } = 20_000;

    /// <summary>Requests that one principal may make at once after a pause; 1 to 10^9. Default 40000.</summary>
    [Range(1, 1_000_000_000)]
    public int Burst { get; set; } = 40_000;
}
