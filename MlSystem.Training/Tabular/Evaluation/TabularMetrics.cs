using MlSystem.Contracts;

namespace MlSystem.Training.Tabular;

/// <summary>All metrics of a set of predictions, by the names under which they are logged.</summary>
public static class TabularMetrics
{
    /// <summary>
    /// Binary: <c>auc pr_auc log_loss brier calibration_error accuracy precision recall f1</c>, the second class being positive;
    /// multiclass: <c>log_loss brier calibration_error accuracy precision recall f1</c> (these three macro) <c>f1_weighted</c> (by rows); regression: <c>rmse mae r2</c> in the target's unit (r2 has none).
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
        var predicted = predictions.LabelPositions();
        var logLoss = ClassificationMetrics.LogLoss(actual, predictions.Probabilities, classes);
        if (frame.Schema.Task == ModelTask.MulticlassClassification)
        {
            return Defined(
                ("log_loss", logLoss),
                ("brier", ClassificationMetrics.MulticlassBrier(actual, predictions.Probabilities, classes)),
                ("calibration_error", CalibrationBins.TopClassError(actual, predictions.Probabilities, classes)),
                ("accuracy", ClassificationMetrics.Accuracy(actual, predicted)),
                ("precision", ClassificationMetrics.Macro(ClassificationMetrics.Precision, actual, predicted, classes)),
                ("recall", ClassificationMetrics.Macro(ClassificationMetrics.Recall, actual, predicted, classes)),
                ("f1", ClassificationMetrics.MacroF1(actual, predicted, classes)),
                ("f1_weighted", ClassificationMetrics.WeightedF1(actual, predicted, classes)));
        }

        var positive = actual.Select(a => a == 1).ToArray();
        var scores = predictions.ProbabilityOf(1);
        return Defined(
            ("auc", RankingMetrics.Auc(positive, scores)),
            ("pr_auc", RankingMetrics.PrecisionRecallAuc(positive, scores)),
            ("log_loss", logLoss),
            ("brier", ClassificationMetrics.Brier(positive, scores)),
            ("calibration_error", CalibrationBins.Error(positive, scores)),
            ("accuracy", ClassificationMetrics.Accuracy(actual, predicted)),
            ("precision", ClassificationMetrics.Precision(actual, predicted, 1)),
            ("recall", ClassificationMetrics.Recall(actual, predicted, 1)),
            ("f1", ClassificationMetrics.F1(actual, predicted, 1)));
    }

    private static Dictionary<string, double> Defined(params (string Name, double Value)[] metrics) =>
        metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal);
}
