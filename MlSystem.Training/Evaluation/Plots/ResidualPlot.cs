using MlSystem.Training.Plots;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>Actual minus predicted values against the predicted ones.</summary>
internal static class ResidualPlot
{
    /// <summary>Points that a picture can show; of more rows evenly chosen ones are drawn, and the title says so.</summary>
    private const int MostPoints = 2000;

    public static byte[] Of(IReadOnlyList<float> actual, IReadOnlyList<float> predicted)
    {
        int[] rows = actual.Count <= MostPoints
            ? [.. Enumerable.Range(0, actual.Count)]
            : [.. Enumerable.Range(0, MostPoints).Select(i => (int)((long)i * actual.Count / MostPoints))];
        var points = rows.Select(r => (Predicted: (double)predicted[r], Residual: (double)actual[r] - predicted[r])).ToList();
        var plot = new SvgPlot(rows.Length < actual.Count ? $"Residuals of {MostPoints} of {actual.Count} rows" : "Residuals");
        var axes = plot.Axes(
            "predicted", (points.Min(p => p.Predicted), points.Max(p => p.Predicted)), "actual − predicted", (Math.Min(0, points.Min(p => p.Residual)), Math.Max(0, points.Max(p => p.Residual))));
        axes.Line([(axes.LowX, 0), (axes.HighX, 0)], SvgPlot.Grey, dashed: true);
        foreach (var (at, residual) in points)
        {
            axes.Point(at, residual, 2, SvgPlot.Blue);
        }

        return plot.ToBytes();
    }
}
