namespace MlSystem.Contracts;

/// <summary>How a request chooses its variant.</summary>
public sealed record EndpointPolicy
{
    /// <summary>One of <see cref="PolicyKind"/>.</summary>
    public string Kind { get; set; } = PolicyKind.Static;

    /// <summary>Sticky: what keeps a caller on its variant: <c>header:{name}</c>, <c>cookie:{name}</c>, <c>input:{name}</c>; a name alone is an input.</summary>
    public string? Key { get; init; }

    /// <summary>Bandit: what is maximised, one of <see cref="BanditMetric"/>.</summary>
    public string? Metric { get; init; }

    /// <summary>Bandit: one of <see cref="BanditAlgorithm"/>; null means Thompson sampling.</summary>
    public string? Algorithm { get; init; }

    /// <summary>Epsilon-greedy: share of requests that explore, 0 to 1; null means 0.1.</summary>
    public double? Epsilon { get; init; }
}

/// <summary>Kinds of traffic policy.</summary>
public static class PolicyKind
{
    /// <summary>By weight, each request for itself.</summary>
    public const string Static = "static";

    /// <summary>By weight, the same key always to the same variant.</summary>
    public const string Sticky = "sticky";

    /// <summary>By what feedback says of the variants.</summary>
    public const string Bandit = "bandit";
}

/// <summary>What a bandit maximises.</summary>
public static class BanditMetric
{
    /// <summary>The feedback's reward, 0 to 1.</summary>
    public const string Reward = "reward";
}

/// <summary>Bandit algorithms.</summary>
public static class BanditAlgorithm
{
    /// <summary>Thompson sampling with a Beta posterior (Thompson 1933; Chapelle and Li 2011).</summary>
    public const string Thompson = "thompson";

    /// <summary>UCB1 (Auer, Cesa-Bianchi and Fischer 2002).</summary>
    public const string Ucb1 = "ucb1";

    /// <summary>Epsilon-greedy.</summary>
    public const string EpsilonGreedy = "epsilon_greedy";
}
