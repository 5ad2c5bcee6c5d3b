namespace MlSystem.Training.Gates.Rules;

/// <summary>Absolute bounds of metrics; a bound itself passes.</summary>
internal static class ThresholdRule
{
    public static ThresholdResult Judge(MetricThreshold threshold, IReadOnlyDictionary<string, double> metrics)
    {
        var value = metrics[threshold.Metric];
        return new ThresholdResult(threshold.Metric, value, threshold.Min, threshold.Max, Breaches(threshold.Metric, value, threshold.Min, threshold.Max).Count == 0);
    }

    public static IReadOnlyList<string> Breaches(string what, double value, double? min, double? max)
    {
        List<string> breaches = [];
        if (min is { } least && !(value >= least))
        {
            breaches.Add(FormattableString.Invariant($"{what} {value:G6} is below {least:G6}"));
        }

        if (max is { } most && !(value <= most))
        {
            breaches.Add(FormattableString.Invariant($"{what} {value:G6} is above {most:G6}"));
        }

        return breaches;
    }
}
