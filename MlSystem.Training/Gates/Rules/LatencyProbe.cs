using MlSystem.Training.Data;

namespace MlSystem.Training.Gates.Rules;

/// <summary>
/// Measures single-row predictions. What else runs on the machine can only add time, so the quickest of several rounds says
/// most about the model; a round within the budget shows that the model can meet it, and ends the measurement.
/// </summary>
internal static class LatencyProbe
{
    private const int WarmUpCalls = 50;

    /// <param name="predict">Predicts one row.</param>
    public static LatencyResult Measure(LatencySpec spec, RowTable rows, Action<RowTable> predict, TimeProvider time, CancellationToken cancellationToken)
    {
        var singles = Enumerable.Range(0, Math.Min(rows.Rows, spec.Calls)).Select(r => rows.Select([r])).ToArray();
        Round(singles, WarmUpCalls, predict, time, cancellationToken);
        List<double> p99s = [];
        var (best, median) = (double.PositiveInfinity, double.PositiveInfinity);
        while (p99s.Count < spec.Rounds && best > spec.MaxP99Ms)
        {
            var sorted = Round(singles, spec.Calls, predict, time, cancellationToken);
            var p99 = Quantile(sorted, 0.99);
            p99s.Add(Math.Round(p99, 4));
            (best, median) = p99 < best ? (p99, Quantile(sorted, 0.5)) : (best, median);
        }

        return new LatencyResult(Math.Round(best, 4), Math.Round(median, 4), spec.MaxP99Ms, p99s, spec.Calls, best <= spec.MaxP99Ms);
    }

    public static string Reason(LatencyResult result) =>
        FormattableString.Invariant($"a single row takes {result.P99Ms:G4} ms at the 99th percentile in the quickest of {result.RoundsP99Ms.Count} rounds, more than {result.MaxP99Ms:G4} ms");

    /// <returns>Milliseconds of each call, ascending.</returns>
    private static double[] Round(RowTable[] singles, int calls, Action<RowTable> predict, TimeProvider time, CancellationToken cancellationToken)
    {
        var times = new double[calls];
        for (var call = 0; call < calls; call++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = time.GetTimestamp();
            predict(singles[call % singles.Length]);
            times[call] = time.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times;
    }

    private static double Quantile(double[] sorted, double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}
