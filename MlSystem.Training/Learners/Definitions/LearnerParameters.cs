namespace MlSystem.Training.Learners.Definitions;

/// <summary>The numbers that steer each kind of learner.</summary>
internal static class LearnerParameters
{
    private static readonly Dictionary<string, LearnerParameter> FtrlSet = new(StringComparer.Ordinal)
    {
        ["alpha"] = new(0.5, 0, 100, "above 0 and at most 100", IsOpen: true),
        ["beta"] = new(1, 0, 1e6, "0 to 1,000,000"),
        ["l1"] = new(0, 0, 1e6, "0 to 1,000,000"),
        ["l2"] = new(0, 0, 1e6, "0 to 1,000,000"),
    };

    private static readonly Dictionary<string, LearnerParameter> LinearSet = new(StringComparer.Ordinal)
    {
        ["learning_rate"] = new(0.3, 0, 100, "above 0 and at most 100", IsOpen: true),
        ["l2"] = new(0, 0, 1e6, "0 to 1,000,000"),
    };

    private static readonly Dictionary<string, LearnerParameter> PassiveAggressiveSet = new(StringComparer.Ordinal)
    {
        ["c"] = new(0.01, 0, 1e6, "above 0 and at most 1,000,000", IsOpen: true),
        ["variant"] = new(1, 1, 2, "1 (PA-I) or 2 (PA-II)", IsWhole: true),
        ["epsilon"] = new(0.1, 0, 1e6, "0 to 1,000,000"),
    };

    private static readonly Dictionary<string, LearnerParameter> FactorizationSet = new(StringComparer.Ordinal)
    {
        ["factors"] = new(16, 1, 512, "a whole number from 1 to 512", IsWhole: true),
        ["learning_rate"] = new(0.02, 0, 1, "above 0 and at most 1", IsOpen: true),
        ["l2"] = new(0.02, 0, 1e3, "0 to 1,000"),
        ["init"] = new(0.1, 0, 10, "0 to 10"),
        ["minimum"] = new(-1e30, -1e30, 1e30, "-1e30 to 1e30"),
        ["maximum"] = new(1e30, -1e30, 1e30, "-1e30 to 1e30"),
        ["max_users"] = new(100_000, 1, 10_000_000, "a whole number from 1 to 10,000,000", IsWhole: true),
        ["max_items"] = new(100_000, 1, 10_000_000, "a whole number from 1 to 10,000,000", IsWhole: true),
        ["seed"] = new(0, 0, 1L << 53, "a whole number from 0 to 2^53", IsWhole: true),
    };

    public static IReadOnlyDictionary<string, LearnerParameter> Of(string kind) => kind switch
    {
        LearnerKind.Ftrl => FtrlSet,
        LearnerKind.Linear => LinearSet,
        LearnerKind.PassiveAggressive => PassiveAggressiveSet,
        _ => FactorizationSet,
    };
}

/// <summary>A parameter's default and range.</summary>
/// <param name="Allowed">The range in words.</param>
/// <param name="IsOpen">Whether the lower bound itself is not allowed.</param>
internal sealed record LearnerParameter(double Default, double Min, double Max, string Allowed, bool IsOpen = false, bool IsWhole = false)
{
    public bool Accepts(double value) =>
        (IsOpen ? value > Min : value >= Min) && value <= Max && (!IsWhole || value == Math.Truncate(value));
}
