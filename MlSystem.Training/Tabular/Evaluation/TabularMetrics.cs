using MlSystem.Contracts;

namespace MlSystem.Training.Tabular;

/// <summary>All metrics of a set of predictions, by the names under which they are logged.</summary>
public static class TabularMetrics
{
    /// <summary>
    /// Binary: <c>auc pr_auc log_loss brier accuracy precision recall f1</c>, the second class being positive;
    /// multiclass: <c>log_loss brier accuracy f1</c> (macro); regression: <c>rmse mae r2</c> in the target's unit (r2 has none).
    /// </summary>
    /// <remarks>A metric that the rows don't define (e.g. AUC of one class only) is left out.</remarks>
    /// <exception cref="TrainingDataException">The frame has no labels, or one that the model doesn't know.</exception>
    public static IReadOnlyDictionary<string, double> Evaluate(TabularFrame frame, TabularPredictions predictions)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(predictions);
        if (frame.Schema.Task == ModelTask.Regression)
        {
            var targets = frame.Targets ?? throw new TrainingDataException(null, "rows have no target values");
            return Defined(
                ("rmse", RegressionMetrics.RootMeanSquaredError(targets, predictions.Values)),
                ("mae", RegressionMetrics.MeanAbsoluteError(targets, predictions.Values)),
                ("r2", RegressionMetrics.RSquared(targets, predictions.Values)));
        }

        var actual = TabularLabels.Positions(frame, predictions.Classes);
        var classes = predictions.Classes.Count;
        var predicted = predictions.Labels.Select(l => predictions.Classes.ToList().IndexOf(l)).ToArray();
        var logLoss = ClassificationMetrics.LogLoss(actual, predictions.Probabilities, classes);
        if (frame.Schema.Task == ModelTask.MulticlassClassification)
        {
            return Defined(
                ("log_loss", logLoss),
                ("brier", ClassificationMetrics.MulticlassBrier(actual, predictions.Probabilities, classes)),
                ("accuracy", ClassificationMetrics.Accuracy(actual, predicted)),
                ("f1", ClassificationMetrics.MacroF1(actual, predicted, classes)));
        }

        var positive = actual.Select(a => a == 1).ToArray();
        var scores = predictions.ProbabilityOf(1);
        return Defined(
            ("auc", RankingMetrics.Auc(positive, scores)),
            ("pr_auc", RankingMetrics.PrecisionRecallAuc(positive, scores)),
            ("log_loss", logLoss),
            ("brier", ClassificationMetrics.Brier(positive, scores)),
            ("accuracy", ClassificationMetrics.Accuracy(actual, predicted)),
            ("precision", ClassificationMetrics.Precision(actual, predicted, 1)),
            ("recall", ClassificationMetrics.Recall(actual, predicted, 1)),
            ("f1", ClassificationMetrics.F1(actual, predicted, 1)));
    }

    private static Dictionary<string, double> Defined(params (string Name, double Value)[] metrics) =>
        metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal);
}
