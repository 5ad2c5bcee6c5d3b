namespace MlSystem.Training.Evaluation;

/// <summary>Which way a metric is better.</summary>
internal static class MetricDirection
{
    private static readonly HashSet<string> Less = new(StringComparer.Ordinal)
    {
        "log_loss", "brier", "rmse", "mae", "mse", "squared_error", "error_rate", "calibration_error", "ece",
    };

    /// <summary>Losses and errors are better small; everything else is better large.</summary>
    public static bool LessIsBetter(string metric) => Less.Contains(metric) || metric.EndsWith("_loss", StringComparison.Ordinal) || metric.EndsWith("_error", StringComparison.Ordinal);
}
