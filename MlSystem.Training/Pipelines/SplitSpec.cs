namespace MlSystem.Training.Pipelines;

/// <summary>How rows are held out for evaluation and gate.</summary>
public sealed record SplitSpec
{
    /// <summary>One of <see cref="SplitKind"/>.</summary>
    public string Kind { get; init; } = SplitKind.Hash;

    /// <summary>Share of rows held out, above 0 and below 1.</summary>
    public double TestShare { get; init; } = 0.2;

    public long Seed { get; init; }

    /// <summary>Kind <c>per_user</c>: the entity column whose values are the users; null takes the first.</summary>
    public string? Column { get; set; }

    /// <summary>Kind <c>per_user</c>: one of <see cref="SplitOrder"/>.</summary>
    public string? Order { get; set; }
}

/// <summary>Kinds of split.</summary>
public static class SplitKind
{
    /// <summary>By a hash of seed and join keys: an entity is always on one side, also in later runs.</summary>
    public const string Hash = "hash";

    /// <summary>The newest rows are held out; rows of one moment stay together.</summary>
    public const string Time = "time";

    /// <summary>Entities by hash within each class, so that both sides have about the same class shares and no entity is on both.</summary>
    public const string Stratified = "stratified";

    /// <summary>The share of each user's rows, so that every user with enough rows is on both sides: for recommenders.</summary>
    public const string PerUser = "per_user";

    public static IReadOnlyList<string> All { get; } = [Hash, Time, Stratified, PerUser];
}

/// <summary>Which rows of a user are held out.</summary>
public static class SplitOrder
{
    /// <summary>The newest.</summary>
    public const string Time = "time";

    /// <summary>By a hash of seed and row.</summary>
    public const string Hash = "hash";

    public static IReadOnlyList<string> All { get; } = [Time, Hash];
}
