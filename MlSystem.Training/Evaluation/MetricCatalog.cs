using MlSystem.Contracts;

namespace MlSystem.Training.Evaluation;

/// <summary>Which metrics a task has, by the names that pipelines use.</summary>
public static class MetricCatalog
{
    /// <summary>Names of a task's metrics. The positive class of a binary task is the second one.</summary>
    public static IReadOnlyList<string> Names(string task) => task switch
    {
        ModelTask.BinaryClassification => ["auc", "pr_auc", "log_loss", "brier", "accuracy", "precision", "recall", "f1"],
        ModelTask.MulticlassClassification => ["log_loss", "brier", "accuracy", "f1"],
        _ => ["rmse", "mae", "r2"],
    };
}
