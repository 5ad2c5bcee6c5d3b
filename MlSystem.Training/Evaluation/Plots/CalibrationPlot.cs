using System.Globalization;
using MlSystem.Training.Plots;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>Reliability diagram: the share of positives against the mean probability of each bin; a larger point has more rows.</summary>
internal static class CalibrationPlot
{
    public static byte[] Of(IReadOnlyList<CalibrationBin> bins, string positive)
    {
        var plot = new SvgPlot($"Calibration ({positive} is positive)", 480, 480);
        var axes = plot.Axes("predicted probability", (0, 1), "share of positives", (0, 1));
        axes.Line([(0, 0), (1, 1)], SvgPlot.Grey, dashed: true);
        axes.Line(bins.Select(b => (b.MeanConfidence, b.HitShare)), SvgPlot.Blue);
        var most = bins.Max(b => b.Rows);
        foreach (var bin in bins)
        {
            axes.Point(bin.MeanConfidence, bin.HitShare, 3 + (6 * Math.Sqrt((double)bin.Rows / most)), SvgPlot.Blue, string.Create(CultureInfo.InvariantCulture, $"{bin.Rows} rows"));
        }

        return plot.ToBytes();
    }
}
