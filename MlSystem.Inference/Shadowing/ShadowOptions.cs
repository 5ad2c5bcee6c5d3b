using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Shadowing;

/// <summary>Bounds of the shadow runs of this replica, apart from those of live requests: section <c>Inference:Shadowing</c>.</summary>
public sealed class ShadowOptions
{
    /// <summary>Shadow runs at once, 1 to 256; default 1.</summary>
    [Range(1, 256)]
    public int MaxConcurrency { get; set; } = 1;

    /// <summary>Copies that wait for a shadow run, 1 to 1,000,000; default 1,024. Beyond, requests are not mirrored and counted.</summary>
    [Range(1, 1_000_000)]
    public int MaxQueue { get; set; } = 1024;

    /// <summary>Milliseconds for the feature look-up and the run of one copy, 1 to 3,600,000; default 10,000.</summary>
    [Range(1, 3_600_000)]
    public int TimeoutMs { get; set; } = 10_000;

    /// <summary>Milliseconds that a shadow run waits at most while more live requests are under way than there are processors, 0 to 60,000; default 20.</summary>
    [Range(0, 60_000)]
    public int YieldMs { get; set; } = 20;
}
