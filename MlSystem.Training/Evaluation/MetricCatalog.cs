using MlSystem.Contracts;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Evaluation;

/// <summary>Which metrics a tabular task has, by the names that pipelines use.</summary>
internal static class MetricCatalog
{
    private static readonly string[] LowerIsBetter = ["log_loss", "brier", "calibration_error", "rmse", "mae"];

    /// <summary>A task's metrics. The positive class of a binary task is the second one.</summary>
    public static IReadOnlyList<TrainerMetric> Of(string task) => [.. Names(task).Select(name => new TrainerMetric(name, !LowerIsBetter.Contains(name)))];

    private static string[] Names(string task) => task switch
    {
        ModelTask.BinaryClassification => ["auc", "pr_auc", "log_loss", "brier", "calibration_error", "accuracy", "precision", "recall", "f1"],
        ModelTask.MulticlassClassification => ["log_loss", "brier", "calibration_error", "accuracy", "precision", "recall", "f1", "f1_weighted"],
        _ => ["rmse", "mae", "r2"],
    };
}
