using System.Globalization;
using System.Net;
using System.Text;

namespace MlSystem.Training.Tuning;

/// <summary>Pictures of a search as SVG.</summary>
internal static class TuningPlots
{
    private const int Width = 720;
    private const int Height = 360;
    private const int Left = 80;
    private const int Top = 40;
    private const int Right = 20;
    private const int Bottom = 50;

    /// <summary>Every trial's objective as a point and the best so far as a line.</summary>
    public static string History(TuningReport report)
    {
        var trials = report.Trials.Where(t => t.Value is not null).OrderBy(t => t.Trial).ToList();
        var (low, high) = (trials.Min(t => t.Value!.Value), trials.Max(t => t.Value!.Value));
        var margin = high > low ? (high - low) * 0.05 : Math.Max(Math.Abs(high) * 0.05, 1e-9);
        (low, high) = (low - margin, high + margin);
        double X(int trial) => Left + ((trial + 0.5) / (report.Trials.Max(t => t.Trial) + 1) * (Width - Left - Right));
        double Y(double value) => Top + ((high - value) / (high - low) * (Height - Top - Bottom));
        var svg = Begin($"{report.Metric} of each trial ({report.Direction})");
        for (var tick = 0; tick <= 4; tick++)
        {
            var value = low + ((high - low) * tick / 4);
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value):0.#}\" y2=\"{Y(value):0.#}\" stroke=\"#ddd\"/>");
            Text(svg, Left - 8, Y(value) + 4, value.ToString("G5", CultureInfo.InvariantCulture), "end");
        }

        List<string> line = [];
        double? best = null;
        foreach (var trial in trials)
        {
            var value = trial.Value!.Value;
            best = best is not { } sofar ? value : report.Direction == "minimize" ? Math.Min(sofar, value) : Math.Max(sofar, value);
            line.Add(string.Create(CultureInfo.InvariantCulture, $"{X(trial.Trial):0.#},{Y(best.Value):0.#}"));
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(trial.Trial):0.#}\" cy=\"{Y(value):0.#}\" r=\"3\" fill=\"{(trial.State == "stopped" ? "#bbb" : "#4477aa")}\"><title>trial {trial.Trial}: {value:G6}</title></circle>");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{string.Join(' ', line)}\" fill=\"none\" stroke=\"#cc6677\" stroke-width=\"2\"/>");
        Text(svg, Width / 2.0, Height - 14, "trial", "middle");
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>A bar for each parameter; null when there are no importances.</summary>
    public static string? Importance(TuningReport report)
    {
        if (report.Importance.Count == 0)
        {
            return null;
        }

        var svg = Begin($"Share of the variance of {report.Metric} that each parameter explains");
        var height = Math.Min(40.0, (double)(Height - Top - Bottom) / report.Importance.Count);
        foreach (var (i, (name, share)) in report.Importance.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Index())
        {
            var y = Top + (i * height);
            const int Start = 220;
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Start}\" y=\"{y + (height * 0.15):0.#}\" width=\"{share * (Width - Start - 80):0.#}\" height=\"{height * 0.7:0.#}\" fill=\"#4477aa\"/>");
            Text(svg, Start - 8, y + (height * 0.6), name, "end");
            Text(svg, Start + 6 + (share * (Width - Start - 80)), y + (height * 0.6), share.ToString("P1", CultureInfo.InvariantCulture), "start");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static StringBuilder Begin(string title)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        Text(svg, Width / 2.0, 22, title, "middle");
        return svg;
    }

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(text)}</text>");
}
