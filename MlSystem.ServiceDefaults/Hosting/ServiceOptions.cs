using System.ComponentModel.DataAnnotations;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Settings that every service has: configuration section <c>MlSystem</c>.</summary>
public sealed class ServiceOptions
{
    public const string Section = "MlSystem";
    internal const double MaxShutdownTimeoutSeconds = 3600;

    /// <summary>Largest request body, bytes; 1 to 2^40. Single endpoints may lift it. Default 64 MiB.</summary>
    [Range(1, 1L << 40)]
    public long MaxRequestBodyBytes { get; set; } = 64L << 20;

    /// <summary>How long requests in flight may take to finish when the service stops, seconds; 0 to 3600. Default 30.</summary>
    [Range(0, MaxShutdownTimeoutSeconds)]
    public double ShutdownTimeoutSeconds { get; set; } = 30;

    /// <summary>How long the service keeps accepting requests after it reported itself as draining, seconds; 0 to 600. Default 0; behind a load balancer at least its probe interval.</summary>
    [Range(0, 600)]
    public double DrainDelaySeconds { get; set; }

    /// <summary>Whether the end of standard input ends the process: set by a host whose death must take its children along.</summary>
    public bool ExitOnStdinClose { get; set; }

    /// <summary>How often the host has restarted this service already; 0 or more. Shown in <c>/alive</c>.</summary>
    [Range(0, int.MaxValue)]
    public int Restarts { get; set; }

    /// <summary>Longest time a single dependency check may take, seconds; 0.1 to 60. Default 3.</summary>
    [Range(0.1, 60)]
    public double HealthCheckTimeoutSeconds { get; set; } = 3;
}
