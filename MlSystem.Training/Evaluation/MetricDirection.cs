using MlSystem.Training.Trainers;

namespace MlSystem.Training.Evaluation;

/// <summary>Which way a metric is better.</summary>
internal static class MetricDirection
{
    /// <summary>As the tasks say of their metrics; losses and errors of no task are better small.</summary>
    public static bool LessIsBetter(string metric) =>
        TrainerCatalog.Tasks.SelectMany(TrainerCatalog.Metrics).FirstOrDefault(m => m.Name == metric) is { } known
            ? !known.HigherIsBetter
            : metric is "loss" or "squared_error" or "error_rate";
}
