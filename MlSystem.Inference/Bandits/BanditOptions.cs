using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Bandits;

/// <summary>Settings of what bandits learn from feedback: section <c>Inference:Bandits</c>.</summary>
public sealed class BanditOptions
{
    /// <summary>Rewarded predictions that are remembered, so that another reward for one replaces the former, 1,000 to 100,000,000; default 50,000.</summary>
    [Range(1000, 100_000_000)]
    public int RememberedPredictions { get; set; } = 50_000;

    /// <summary>Seconds between two snapshots of the state, 1 to 3,600; default 60. What was learned since the last one is read again from the event log after a crash.</summary>
    [Range(1, 3600)]
    public int SnapshotSeconds { get; set; } = 60;
}
