using System.Globalization;
using System.Text;
using MlSystem.Quality.Suites;

namespace MlSystem.Quality.Report;

/// <summary>The results of one suite as a section of the report.</summary>
internal sealed class ReportSection(IQualitySuite suite, IReadOnlyList<QualityRow> rows, TimeSpan took, int? folds)
{
    public string Name => suite.Name;

    public bool Missed => rows.Any(r => r.Met == false);

    public string Markdown
    {
        get
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"## {suite.Name}\n\n{suite.Protocol} Took {took.TotalSeconds:0} s.");
            text.Append(folds is null ? "\n\n" : string.Create(CultureInfo.InvariantCulture, $" **Only {folds} of its folds: not the protocol.**\n\n"));
            text.Append("| set | model | metric | value | reference | to reach | beyond | met |\n|---|---|---|---|---|---|---|---|\n");
            foreach (var row in rows)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {row.Set} | {row.Model} | {row.Metric} | {Number(row.Value)} | {Number(row.Reference)} | {Range(row.Reach)} | {Range(row.Beyond)} | {Verdict(row)} |\n");
            }

            return text.ToString();
        }
    }

    private static string Verdict(QualityRow row) => (row.Met, row.Beyond?.Admits(row.Value)) switch
    {
        (false, _) => "**no**",
        (_, true) => "beyond",
        (true, _) => "yes",
        _ => "",
    };

    private static string Range(Bar? bar) => bar switch
    {
        null => "",
        { Min: { } min, Max: { } max } => $"{Number(min)} – {Number(max)}",
        { Min: { } min } => $"≥ {Number(min)}",
        _ => $"≤ {Number(bar.Max)}",
    };

    /// <summary>Four decimals for shares and errors of ratings, fewer for large numbers.</summary>
    private static string Number(double? value) => value is not { } v ? "" : Math.Abs(v) switch
    {
        >= 1000 => v.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => v.ToString("0.0", CultureInfo.InvariantCulture),
        _ => v.ToString("0.0000", CultureInfo.InvariantCulture),
    };
}
