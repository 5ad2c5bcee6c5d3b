using System.Globalization;
using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Pipelines.Reading;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Sources;

/// <summary>Turns rows whose columns have declared roles into the canonical form of joined rows.</summary>
internal static class ColumnTable
{
    /// <param name="name">What the rows are, for messages and as the name of the inputs.</param>
    /// <exception cref="StepFailedException">Names the columns that are missing, or the first rows that are wrong.</exception>
    public static SourceRows Of(RowTable raw, ColumnRoles roles, string name)
    {
        string[] missing = [.. roles.Used().Where(c => !raw.Has(c))];
        if (missing.Length > 0)
        {
            throw new StepFailedException($"{name} has no column {string.Join(", ", missing.Select(m => $"'{m}'"))}; it has {string.Join(", ", raw.Names)}.");
        }

        var time = roles.EventTimestampColumn ?? (raw.Has(Joining.EventTimestamp) ? Joining.EventTimestamp : null);
        Check(raw, roles, time, name);
        var features = Features(raw, roles, time);
        var table = new RowTable([
            .. roles.EntityColumns.Select(c => (c, raw[c])),
            (Joining.EventTimestamp, time is null ? [.. Enumerable.Repeat("", raw.Rows)] : Array.ConvertAll(raw[time], t => Cells.TryTime(t, out var moment) ? Cells.Time(moment) : t)),
            (Joining.Label, raw[roles.LabelColumn]),
            .. features.Where(f => !roles.EntityColumns.Contains(f.Name)).Select(f => (f.Name, Canonical(raw[f.Name], f.Datatype, name, f.Name))),
        ]);
        var service = new FeatureService(name, 0, features, [.. roles.EntityColumns.Select(c => new JoinKey(c, Datatype(raw[c], wholeNumbers: true)))]);
        return new SourceRows(Ordered(table, roles.EntityColumns), service, IsBound: false);
    }

    /// <summary>By time and entity; what is equal there keeps its order.</summary>
    private static RowTable Ordered(RowTable table, IReadOnlyList<string> keys)
    {
        var order = Enumerable.Range(0, table.Rows).OrderBy(r => table[Joining.EventTimestamp][r], StringComparer.Ordinal);
        return table.Select([.. keys.Aggregate(order, (rows, key) => rows.ThenBy(r => table[key][r], StringComparer.Ordinal))]);
    }

    private static void Check(RowTable raw, ColumnRoles roles, string? time, string name)
    {
        var bad = Enumerable.Range(0, raw.Rows)
            .Where(r => raw[roles.LabelColumn][r].Length == 0 || roles.EntityColumns.Any(k => raw[k][r].Length == 0) || (time is not null && !Cells.TryTime(raw[time][r], out _)))
            .ToList();
        if (bad.Count > 0)
        {
            throw new StepFailedException(
                $"{name}: {bad.Count} rows lack an entity, a label{(time is null ? "" : $" or a valid {time}")}; the first are rows {string.Join(", ", bad.Take(10).Select(r => r + 1))}.");
        }
    }

    private static List<ServiceFeature> Features(RowTable raw, ColumnRoles roles, string? time)
    {
        var names = roles.Features.Count > 0
            ? roles.Features.Keys
            : raw.Names.Where(c => c != roles.LabelColumn && c != time && !roles.EntityColumns.Contains(c));
        return [.. names.Select(n => new ServiceFeature("", n, n, roles.Features.GetValueOrDefault(n, "auto") is var type && type != "auto" ? type : Datatype(raw[n], wholeNumbers: false)))];
    }

    /// <param name="wholeNumbers">Whether whole numbers are INT64 (entities) rather than FP64, which can hold a missing value later (inputs).</param>
    private static string Datatype(string[] cells, bool wholeNumbers)
    {
        if (wholeNumbers && Array.TrueForAll(cells, c => long.TryParse(c, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number.ToString(CultureInfo.InvariantCulture) == c))
        {
            return "INT64";
        }

        return !wholeNumbers && Array.TrueForAll(cells, c => c.Length == 0 || IsNumber(c)) && Array.Exists(cells, c => c.Length > 0) ? "FP64" : "BYTES";
    }

    /// <summary>Numbers in their one text form.</summary>
    private static string[] Canonical(string[] cells, string datatype, string name, string column) => datatype switch
    {
        "BYTES" => cells,
        "BOOL" => Array.ConvertAll(cells, c => c.ToUpperInvariant() switch
        {
            "" => "",
            "1" or "TRUE" => "1",
            "0" or "FALSE" => "0",
            _ => throw Wrong(name, column, datatype, c),
        }),
        "INT32" or "INT64" => Array.ConvertAll(cells, c => c.Length == 0 ? "" : long.TryParse(c, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture) : throw Wrong(name, column, datatype, c)),
        _ => Array.ConvertAll(cells, c => c.Length == 0 ? "" : IsNumber(c) ? double.Parse(c, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture) : throw Wrong(name, column, datatype, c)),
    };

    private static bool IsNumber(string cell) => double.TryParse(cell, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);

    private static StepFailedException Wrong(string name, string column, string datatype, string cell) => new($"{name}: column '{column}' is {datatype}, but a row has '{cell}'.");
}
