namespace MlSystem.Training.Tabular;

/// <summary>How good predicted values are, in the target's unit.</summary>
public static class RegressionMetrics
{
    public static double RootMeanSquaredError(IReadOnlyList<float> actual, IReadOnlyList<float> predicted) =>
        Math.Sqrt(Errors(actual, predicted).Average(e => e * e));

    public static double MeanAbsoluteError(IReadOnlyList<float> actual, IReadOnlyList<float> predicted) =>
        Errors(actual, predicted).Average(Math.Abs);

    /// <summary>1 - squared error / variance: 1 is perfect, 0 as good as the mean, negative worse; NaN when all targets are equal.</summary>
    public static double RSquared(IReadOnlyList<float> actual, IReadOnlyList<float> predicted)
    {
        var mean = actual.Average(a => (double)a);
        var variance = actual.Sum(a => (a - mean) * (a - mean));
        return variance == 0 ? double.NaN : 1 - (Errors(actual, predicted).Sum(e => e * e) / variance);
    }

    private static IEnumerable<double> Errors(IReadOnlyList<float> actual, IReadOnlyList<float> predicted)
    {
        MetricInput.SameLength(actual.Count, predicted.Count);
        return actual.Zip(predicted, (a, p) => (double)a - p);
    }
}
