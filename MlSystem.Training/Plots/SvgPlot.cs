using System.Globalization;
using System.Net;
using System.Text;

namespace MlSystem.Training.Plots;

/// <summary>An SVG picture with a title and an area to draw in. The same calls give the same bytes.</summary>
internal sealed class SvgPlot
{
    public const string Blue = "#4477aa";
    public const string Red = "#cc6677";
    public const string Grey = "#bbbbbb";
    private const int Left = 80;
    private const int Top = 40;
    private const int Right = 20;
    private const int Bottom = 50;
    private readonly StringBuilder _svg = new();

    public SvgPlot(string title, int width = 720, int height = 360)
    {
        (Width, Height) = (width, height);
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        Text(width / 2.0, 22, title, "middle");
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Left edge, top edge, width and height of the area inside the axes, in pixels.</summary>
    public (double Left, double Top, double Width, double Height) Area => (Left, Top, Width - Left - Right, Height - Top - Bottom);

    /// <summary>Adds SVG, numbers in invariant form.</summary>
    public void Append(FormattableString svg) => _svg.Append(svg.ToString(CultureInfo.InvariantCulture));

    /// <param name="anchor"><c>start</c>, <c>middle</c> or <c>end</c>.</param>
    public void Text(double x, double y, string text, string anchor) =>
        Append($"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(text)}</text>");

    /// <summary>Lines and numbers of both axes.</summary>
    public PlotAxes Axes(string xTitle, (double Low, double High) x, string yTitle, (double Low, double High) y)
    {
        var axes = new PlotAxes(this, Widened(x), Widened(y));
        for (var tick = 0; tick <= 4; tick++)
        {
            var (atX, atY) = (axes.LowX + ((axes.HighX - axes.LowX) * tick / 4), axes.LowY + ((axes.HighY - axes.LowY) * tick / 4));
            Append($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{axes.Y(atY):0.#}\" y2=\"{axes.Y(atY):0.#}\" stroke=\"#ddd\"/>");
            Text(Left - 8, axes.Y(atY) + 4, atY.ToString("G4", CultureInfo.InvariantCulture), "end");
            Text(axes.X(atX), Height - Bottom + 18, atX.ToString("G4", CultureInfo.InvariantCulture), "middle");
        }

        Text(Left + (Area.Width / 2), Height - 12, xTitle, "middle");
        Append($"<text transform=\"translate(18 {Top + (Area.Height / 2):0.#}) rotate(-90)\" text-anchor=\"middle\">{WebUtility.HtmlEncode(yTitle)}</text>");
        return axes;
    }

    /// <summary>The picture as UTF-8.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(_svg + "</svg>\n");

    /// <summary>A range of no width gets one.</summary>
    private static (double Low, double High) Widened((double Low, double High) range) =>
        range.High > range.Low ? range : (range.Low - Math.Max(1e-9, Math.Abs(range.Low) * 0.05), range.High + Math.Max(1e-9, Math.Abs(range.High) * 0.05));
}

/// <summary>Places of values in a plot.</summary>
internal sealed class PlotAxes(SvgPlot plot, (double Low, double High) x, (double Low, double High) y)
{
    public double LowX => x.Low;

    public double HighX => x.High;

    public double LowY => y.Low;

    public double HighY => y.High;

    public double X(double value) => plot.Area.Left + ((value - x.Low) / (x.High - x.Low) * plot.Area.Width);

    public double Y(double value) => plot.Area.Top + ((y.High - value) / (y.High - y.Low) * plot.Area.Height);

    public void Line(IEnumerable<(double X, double Y)> points, string colour, bool dashed = false)
    {
        var places = string.Join(' ', points.Select(p => FormattableString.Invariant($"{X(p.X):0.#},{Y(p.Y):0.#}")));
        plot.Append($"<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{(dashed ? " stroke-dasharray=\"4 4\"" : "")}/>");
    }

    public void Point(double valueX, double valueY, double radius, string colour, string? title = null) =>
        plot.Append($"<circle cx=\"{X(valueX):0.#}\" cy=\"{Y(valueY):0.#}\" r=\"{radius:0.#}\" fill=\"{colour}\">{(title is null ? "" : $"<title>{WebUtility.HtmlEncode(title)}</title>")}</circle>");
}
