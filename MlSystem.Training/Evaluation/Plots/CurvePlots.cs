using MlSystem.Training.Plots;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>Curves over all thresholds of a binary classifier.</summary>
internal static class CurvePlots
{
    public static byte[] Roc(ThresholdCurve curve, string positive)
    {
        var plot = new SvgPlot($"ROC curve ({positive} is positive)", 480, 480);
        var axes = plot.Axes("false positive rate", (0, 1), "true positive rate", (0, 1));
        axes.Line([(0, 0), (1, 1)], SvgPlot.Grey, dashed: true);
        axes.Line(curve.Points.Select(p => ((double)p.FalseAlarms / curve.Negatives, (double)p.Hits / curve.Positives)), SvgPlot.Blue);
        return plot.ToBytes();
    }

    public static byte[] PrecisionRecall(ThresholdCurve curve, string positive)
    {
        var plot = new SvgPlot($"Precision and recall ({positive} is positive)", 480, 480);
        var axes = plot.Axes("recall", (0, 1), "precision", (0, 1));
        var share = (double)curve.Positives / (curve.Positives + curve.Negatives);
        axes.Line([(0, share), (1, share)], SvgPlot.Grey, dashed: true);
        axes.Line(
            curve.Points.Where(p => p.Hits + p.FalseAlarms > 0).Select(p => ((double)p.Hits / curve.Positives, (double)p.Hits / (p.Hits + p.FalseAlarms))), SvgPlot.Blue);
        return plot.ToBytes();
    }
}
