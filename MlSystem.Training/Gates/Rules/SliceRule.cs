using System.Globalization;
using MlSystem.Training.Data;
using MlSystem.Training.Evaluation;

namespace MlSystem.Training.Gates.Rules;

/// <summary>A metric within groups of rows: bounds of its own, and against the champion.</summary>
internal static class SliceRule
{
    public const string Passed = "passed";
    public const string Refused = "refused";

    /// <param name="champion">Null when there is none or it cannot predict these rows.</param>
    /// <param name="version">The champion, for the reasons.</param>
    public static IEnumerable<(SliceResult Result, IReadOnlyList<string> Reasons)> Judge(
        SliceSpec spec, RowTable rows, ScoredRows challenger, ScoredRows? champion, int? version)
    {
        foreach (var (name, members) in Slices(spec, rows))
        {
            yield return Judge(spec, name, members, challenger, champion, version);
        }
    }

    /// <summary>Named groups of row numbers. A missing value is in no range.</summary>
    internal static IEnumerable<(string Name, IReadOnlyList<int> Rows)> Slices(SliceSpec spec, RowTable rows)
    {
        var cells = rows[spec.Column];
        var all = Enumerable.Range(0, rows.Rows).ToList();
        if (spec.Ranges is not { } borders)
        {
            var values = spec.Values ?? [.. cells.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            return values.Select(value => (Name(spec.Column, value), (IReadOnlyList<int>)all.FindAll(r => cells[r] == value)));
        }

        var numbers = Array.ConvertAll(cells, cell => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN);
        double[] ends = [double.NegativeInfinity, .. borders, double.PositiveInfinity];
        return Enumerable.Range(0, ends.Length - 1).Select(i =>
            (Range(spec.Column, ends[i], ends[i + 1]), (IReadOnlyList<int>)all.FindAll(r => numbers[r] >= ends[i] && numbers[r] < ends[i + 1])));
    }

    private static (SliceResult Result, IReadOnlyList<string> Reasons) Judge(
        SliceSpec spec, string name, IReadOnlyList<int> rows, ScoredRows challenger, ScoredRows? champion, int? version)
    {
        if (rows.Count < spec.MinRows || rows.Count == 0)
        {
            return (new SliceResult(name, spec.Metric, rows.Count, Value: null, Champion: null, "too_few_rows"), []);
        }

        if (challenger.Metric(spec.Metric, rows) is not { } value)
        {
            return (new SliceResult(name, spec.Metric, rows.Count, Value: null, Champion: null, "undefined"), []);
        }

        List<string> reasons = [.. ThresholdRule.Breaches($"{spec.Metric} of {name}", value, spec.Min, spec.Max)];
        var other = spec.MaxWorse is null ? null : champion?.Metric(spec.Metric, rows);
        if (spec.MaxWorse is { } allowed && other is { } theirs && !(Worse(spec.Metric, value, theirs) <= allowed))
        {
            reasons.Add(FormattableString.Invariant($"{spec.Metric} of {name} is {value:G6}, version {version}'s {theirs:G6}: worse by more than {allowed:G4}"));
        }

        return (new SliceResult(name, spec.Metric, rows.Count, value, other, reasons.Count == 0 ? Passed : Refused), reasons);
    }

    private static double Worse(string metric, double value, double champion) => MetricDirection.LessIsBetter(metric) ? value - champion : champion - value;

    private static string Name(string column, string value) => value.Length == 0 ? $"{column} missing" : $"{column} = {value}";

    private static string Range(string column, double low, double high) =>
        double.IsNegativeInfinity(low) ? FormattableString.Invariant($"{column} < {high}")
        : double.IsPositiveInfinity(high) ? FormattableString.Invariant($"{column} >= {low}")
        : FormattableString.Invariant($"{low} <= {column} < {high}");
}
