namespace MlSystem.Training.Tabular.Outputs;

/// <summary>Chooses the probability from which on a row is labelled positive, on rows that the model has not seen.</summary>
internal static class DecisionThreshold
{
    /// <summary>The best threshold half-way between two neighbouring probabilities; of equally good ones the one nearest to 0.5.</summary>
    /// <exception cref="TrainingDataException">No threshold reaches the wished precision.</exception>
    public static double Choose(LabelThreshold rule, double[] probabilities, bool[] positive)
    {
        var order = Enumerable.Range(0, positive.Length).OrderByDescending(i => probabilities[i]).ToArray();
        int positives = positive.Count(p => p), hits = 0;
        var best = (Score: double.NegativeInfinity, Threshold: double.NaN);
        for (var taken = 0; taken <= order.Length; taken++)
        {
            hits += taken > 0 && positive[order[taken - 1]] ? 1 : 0;
            if (taken > 0 && taken < order.Length && probabilities[order[taken]] == probabilities[order[taken - 1]])
            {
                continue;
            }

            var threshold = ((taken == 0 ? 1.0 : probabilities[order[taken - 1]]) + (taken == order.Length ? 0.0 : probabilities[order[taken]])) / 2;
            var score = Score(rule, hits, taken, positives);
            if (score > best.Score || (score == best.Score && Math.Abs(threshold - 0.5) < Math.Abs(best.Threshold - 0.5)))
            {
                best = (score, threshold);
            }
        }

        return double.IsNaN(best.Threshold)
            ? throw new TrainingDataException(null, FormattableString.Invariant($"no probability threshold reaches a precision of {rule.MinimumPrecision} on the validation rows"))
            : best.Threshold;
    }

    private static double Score(LabelThreshold rule, int hits, int taken, int positives) => rule.Objective switch
    {
        ThresholdObjective.F1 => 2.0 * hits / (taken + positives),
        ThresholdObjective.Cost => -((rule.FalsePositiveCost * (taken - hits)) + (rule.FalseNegativeCost * (positives - hits))),
        _ => taken > 0 && (double)hits / taken >= rule.MinimumPrecision ? (double)hits / positives : double.NaN,
    };
}
