using System.Globalization;
using MlSystem.Training.Plots;

namespace MlSystem.Training.Tuning;

/// <summary>Pictures of a search as SVG.</summary>
internal static class TuningPlots
{
    /// <summary>Where bars begin: the names of the parameters stand before them.</summary>
    private const int BarStart = 220;

    /// <summary>Every trial's objective as a point and the best so far as a line.</summary>
    public static byte[] History(TuningReport report)
    {
        var trials = report.Trials.Where(t => t.Value is not null).OrderBy(t => t.Trial).ToList();
        var (low, high) = (trials.Min(t => t.Value!.Value), trials.Max(t => t.Value!.Value));
        var margin = (high - low) * 0.05;
        var plot = new SvgPlot($"{report.Metric} of each trial ({report.Direction})");
        var axes = plot.Axes("trial", (0, Math.Max(1, report.Trials.Max(t => t.Trial))), report.Metric, (low - margin, high + margin));
        List<(double X, double Y)> line = [];
        foreach (var trial in trials)
        {
            var value = trial.Value!.Value;
            var best = line.Count == 0 ? value : report.Direction == "minimize" ? Math.Min(line[^1].Y, value) : Math.Max(line[^1].Y, value);
            line.Add((trial.Trial, best));
            axes.Point(trial.Trial, value, 3, trial.State == "stopped" ? SvgPlot.Grey : SvgPlot.Blue, string.Create(CultureInfo.InvariantCulture, $"trial {trial.Trial}: {value:G6}"));
        }

        axes.Line(line, SvgPlot.Red);
        return plot.ToBytes();
    }

    /// <summary>A bar for each parameter; null when there are no importances.</summary>
    public static byte[]? Importance(TuningReport report)
    {
        if (report.Importance.Count == 0)
        {
            return null;
        }

        var plot = new SvgPlot($"Share of the variance of {report.Metric} that each parameter explains");
        var height = Math.Min(40.0, plot.Area.Height / report.Importance.Count);
        foreach (var (i, (name, share)) in report.Importance.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Index())
        {
            var (y, width) = (plot.Area.Top + (i * height), share * (plot.Width - BarStart - 80));
            plot.Append($"<rect x=\"{BarStart}\" y=\"{y + (height * 0.15):0.#}\" width=\"{width:0.#}\" height=\"{height * 0.7:0.#}\" fill=\"{SvgPlot.Blue}\"/>");
            plot.Text(BarStart - 8, y + (height * 0.6), name, "end");
            plot.Text(BarStart + 6 + width, y + (height * 0.6), share.ToString("P1", CultureInfo.InvariantCulture), "start");
        }

        return plot.ToBytes();
    }
}
