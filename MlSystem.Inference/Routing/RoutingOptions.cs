using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Routing;

/// <summary>Settings of routing and of following the registry: section <c>Inference:Routing</c>.</summary>
public sealed class RoutingOptions
{
    /// <summary>How many versions that no endpoint names stay in memory after use, 1 to 10,000; the least recently used leaves first.</summary>
    [Range(1, 10_000)]
    public int MaxExtraVersions { get; set; } = 16;

    /// <summary>Seconds that one question for changed endpoints waits at the registry, 1 to 60.</summary>
    [Range(1, 60)]
    public int WatchSeconds { get; set; } = 20;

    /// <summary>Seconds that an unload waits for the requests under way before it answers all the same, 0 to 300.</summary>
    [Range(0, 300)]
    public int UnloadWaitSeconds { get; set; } = 10;

    /// <summary>Seed of the choice among weighted variants; null (default) draws one at start.</summary>
    public ulong? Seed { get; set; }
}
