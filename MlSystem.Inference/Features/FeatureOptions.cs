using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Features;

/// <summary>Settings of looking features up: section <c>Inference:Features</c>.</summary>
public sealed class FeatureOptions
{
    /// <summary>Share of a request's remaining time that its look-up may take, 0.05 to 1. Default 0.5.</summary>
    [Range(0.05, 1)]
    public double DeadlineShare { get; set; } = 0.5;

    /// <summary>Look-ups that fail one after another until the feature store is not asked any more for a while, 1 to 1,000. Default 3.</summary>
    [Range(1, 1_000)]
    public int FailuresBeforeOpen { get; set; } = 3;

    /// <summary>Milliseconds until one look-up tries again whether the feature store is back, 10 to 60,000. Default 1,000.</summary>
    [Range(10, 60_000)]
    public int ProbeMilliseconds { get; set; } = 1_000;
}
