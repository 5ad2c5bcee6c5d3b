using MlSystem.Training.Evaluation;
using MlSystem.Training.Gates.Statistics;

namespace MlSystem.Training.Gates.Rules;

/// <summary>Paired tests against the champion on the same rows.</summary>
internal static class ChampionRule
{
    /// <summary>All tests of a spec; one of row losses when it names none.</summary>
    public static IEnumerable<(ChampionResult? Result, string? Reason)> Judge(ChampionSpec spec, ScoredRows challenger, ScoredRows champion, int version)
    {
        IReadOnlyList<ChampionTestSpec> tests = spec.Tests.Count > 0 ? spec.Tests : [new ChampionTestSpec { Method = GateMethod.PairedZ }];
        foreach (var test in tests)
        {
            if (Estimate(test, challenger, champion) is not { } estimate)
            {
                yield return (null, $"{test.Method} cannot compare with version {version}: the held-out rows do not define {Quantity(test, challenger)}");
                continue;
            }

            var result = Decide(test, test.Level ?? spec.Level, estimate, challenger);
            yield return (result, result.Passed ? null : Reason(result, version));
        }
    }

    private static PairedEstimate? Estimate(ChampionTestSpec test, ScoredRows challenger, ScoredRows champion) => test.Method switch
    {
        GateMethod.McNemar => McNemar.Compare(((TabularScoredRows)challenger).Wrong, ((TabularScoredRows)champion).Wrong),
        GateMethod.DeLong => AreaUnderCurve((TabularScoredRows)challenger, (TabularScoredRows)champion),
        GateMethod.Bootstrap when test.Metric is { } metric => PairedBootstrap.Compare(
            challenger.Units, rows => challenger.Metric(metric, rows), rows => champion.Metric(metric, rows), MetricDirection.LessIsBetter(metric), test.Resamples, test.Seed),
        GateMethod.Bootstrap => PairedBootstrap.Means(challenger.Losses, champion.Losses, test.Resamples, test.Seed),
        _ => PairedMeans.Compare(challenger.Losses, champion.Losses),
    };

    /// <summary>The champion is read by the class that is the challenger's positive one.</summary>
    private static PairedEstimate? AreaUnderCurve(TabularScoredRows challenger, TabularScoredRows champion)
    {
        var positive = challenger.Positive;
        var scores = positive.SequenceEqual(champion.Positive) ? champion.PositiveScores : [.. champion.PositiveScores.Select(p => 1 - p)];
        return DeLong.Compare(positive, challenger.PositiveScores, scores);
    }

    private static ChampionResult Decide(ChampionTestSpec test, double level, PairedEstimate estimate, ScoredRows challenger)
    {
        var bound = estimate.UpperBound(level);
        var passed = double.IsFinite(estimate.Difference)
            && (test.Margin is { } margin ? bound <= margin : estimate.Difference <= 0 || estimate.WorseP >= level);
        return new ChampionResult(
            test.Method, Quantity(test, challenger), challenger.Units, estimate.Challenger, estimate.Champion, estimate.Difference, estimate.StandardError,
            estimate.WorseP, level, bound, test.Margin, passed);
    }

    private static string Quantity(ChampionTestSpec test, ScoredRows challenger) => test.Method switch
    {
        GateMethod.McNemar => "error_rate",
        GateMethod.DeLong => "auc",
        _ => test.Metric ?? challenger.LossName,
    };

    private static string Reason(ChampionResult result, int version)
    {
        var (way, against) = MetricDirection.LessIsBetter(result.Quantity) ? ("above", result.Difference) : ("below", result.Difference);
        var compared = FormattableString.Invariant($"{result.Quantity} is {against:G4} {way} version {version}'s on the same rows");
        return result.Margin is { } margin
            ? FormattableString.Invariant($"{compared}, and may be worse by up to {result.UpperBound:G4}, more than the margin {margin:G4} ({result.Method}, level {result.Level})")
            : FormattableString.Invariant($"{compared} ({result.Method}, p = {result.PValue:G3}, level {result.Level})");
    }
}
