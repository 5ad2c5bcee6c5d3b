using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Quality.Data;
using MlSystem.Training.Data;
using MlSystem.Training.Tabular;

namespace MlSystem.Quality.Tabular;

/// <summary>A public table with its label; columns of which every value is a number are numeric.</summary>
internal sealed record TabularSet(string Name, TabularFrame Frame)
{
    public static TabularSet Of(string name, RowTable rows, string label, string task)
    {
        var inputs = rows.Names.Where(n => n != label).ToList();
        var schema = new TabularSchema
        {
            Task = task,
            Columns = [.. inputs.Select(n => new TabularColumn(n, rows[n].All(IsNumber) ? TabularColumnKind.Numeric : TabularColumnKind.Categorical) { Nullable = true })],
        };
        var cells = rows.Names.ToDictionary(n => n, n => (IReadOnlyList<string?>)[.. rows[n].Select(c => c == "NA" ? null : c)], StringComparer.Ordinal);
        return new TabularSet(name, TabularFrame.Parse(schema, cells, label));
    }

    /// <summary>Rows outside and inside the bucket that is held out, by SHA-256 of the set's name and the row's index.</summary>
    public (TabularFrame Train, TabularFrame Test) Split(int heldOut)
    {
        var buckets = Enumerable.Range(0, Frame.Rows)
            .ToLookup(r => SplitHash.H32(string.Create(CultureInfo.InvariantCulture, $"{Name}:{r}")) % 5 == heldOut);
        return (Frame.Select([.. buckets[false]]), Frame.Select([.. buckets[true]]));
    }

    private static bool IsNumber(string cell) => cell is "NA" || double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
