namespace MlSystem.Inference.Bandits;

/// <summary>What is known of one variant's rewards. The ledger replaces the numbers as a whole; choosing reads them without a lock.</summary>
public sealed class BanditArm
{
    private volatile ArmRewards _rewards = new(0, 0);

    public ArmRewards Rewards
    {
        get => _rewards;
        internal set => _rewards = value;
    }
}

/// <summary>Rewards of one variant.</summary>
/// <param name="Pulls">Predictions that were rewarded.</param>
/// <param name="Sum">Sum of their rewards, each 0 to 1.</param>
public sealed record ArmRewards(long Pulls, double Sum)
{
    /// <summary>Null before the first reward.</summary>
    public double? Mean => Pulls == 0 ? null : Sum / Pulls;

    /// <summary>First parameter of the Beta posterior over a uniform prior.</summary>
    public double Alpha => 1 + Math.Max(Sum, 0);

    /// <summary>Second parameter: a reward of r counts as r successes and 1 − r failures.</summary>
    public double Beta => 1 + Math.Max(Pulls - Sum, 0);
}
