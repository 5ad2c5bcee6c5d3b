using System.Globalization;
using MlSystem.Training.Plots;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>The confusion matrix as a picture: darker is a greater share of the actual class.</summary>
internal static class ConfusionPlots
{
    private const int Margin = 130;

    public static byte[] Of(ConfusionMatrix matrix)
    {
        var count = matrix.Classes.Count;
        var cell = Math.Clamp(480 / count, 24, 90);
        var plot = new SvgPlot("Rows by actual (down) and predicted (across) class", Math.Max(Margin + (cell * count) + 20, 420), Margin + (cell * count) + 20);
        for (var row = 0; row < count; row++)
        {
            var at = Margin + (row * cell);
            plot.Text(Margin - 8, at + (cell / 2.0) + 4, Short(matrix.Classes[row]), "end");
            plot.Append($"<g transform=\"translate({at + (cell / 2.0) + 4:0.#} {Margin - 8}) rotate(-60)\">");
            plot.Text(0, 0, Short(matrix.Classes[row]), "start");
            plot.Append($"</g>");
            for (var column = 0; column < count; column++)
            {
                Cell(plot, Margin + (column * cell), at, cell, matrix.Counts[row][column], matrix.PerClass[row].Support);
            }
        }

        return plot.ToBytes();
    }

    private static void Cell(SvgPlot plot, int x, int y, int size, int rows, int support)
    {
        var share = support == 0 ? 0 : (double)rows / support;
        plot.Append($"<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" fill=\"{SvgPlot.Blue}\" fill-opacity=\"{share:0.###}\" stroke=\"#ddd\"/>");
        plot.Text(x + (size / 2.0), y + (size / 2.0) + 4, rows.ToString(CultureInfo.InvariantCulture), "middle");
    }

    private static string Short(string name) => name.Length <= 16 ? name : name[..15] + "…";
}
