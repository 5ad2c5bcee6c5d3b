namespace MlSystem.AppHost.Autoscaling;

/// <summary>How each service scales. Registry, training, monitor and the feature store own files in their data directory and so stay one replica; what answers requests from shared stores scales.</summary>
internal static class ServiceScaling
{
    private static readonly Scaling One = new();

    private static readonly Dictionary<string, Scaling> Services = new(StringComparer.Ordinal)
    {
        ["gateway"] = new() { MinReplicas = 2, MaxReplicas = 6, ConcurrentRequests = 200, CpuPercent = 70 },
        ["inference"] = new() { MinReplicas = 2, MaxReplicas = 10, ConcurrentRequests = 32, CpuPercent = 70 },
        ["registry"] = One,
        ["features"] = One,
        ["training"] = One,
        ["monitor"] = One,
    };

    public static IReadOnlyCollection<string> Names => Services.Keys;

    /// <exception cref="ArgumentException">There is no such service, or its values are out of range.</exception>
    public static Scaling Of(string service)
    {
        var scaling = Services.TryGetValue(service, out var known) ? known : throw new ArgumentException($"unknown service '{service}'", nameof(service));
        return scaling.Mistakes().ToList() is { Count: > 0 } mistakes
            ? throw new ArgumentException($"scaling of '{service}': {string.Join("; ", mistakes)}", nameof(service))
            : scaling;
    }
}
