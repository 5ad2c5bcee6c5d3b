using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Types;
using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Steps;

/// <summary>Puts labels and features of the same entity and moment side by side.</summary>
internal static class Joining
{
    /// <summary>Name of the time column in joined rows.</summary>
    public const string EventTimestamp = "event_timestamp";

    /// <summary>Name of the label column in joined rows; no feature can have it.</summary>
    public const string Label = "__label";

    /// <summary>Label rows with columns named as joined rows have them, in the order of time and keys.</summary>
    /// <exception cref="StepFailedException">Names every column that is missing and the first rows that are wrong.</exception>
    public static RowTable Labels(RowTable raw, LabelSpec spec, FeatureService service)
    {
        string[] keys = [.. service.JoinKeys.Select(k => k.Name)];
        string[] missing = [.. keys.Append(spec.EventTimestampColumn).Append(spec.LabelColumn).Where(c => !raw.Has(c))];
        if (missing.Length > 0)
        {
            throw new StepFailedException($"The labels have no column {string.Join(", ", missing.Select(m => $"'{m}'"))}; they have {string.Join(", ", raw.Names)}.");
        }

        var times = raw[spec.EventTimestampColumn];
        var bad = Enumerable.Range(0, raw.Rows).Where(r => !Cells.TryTime(times[r], out _) || raw[spec.LabelColumn][r].Length == 0 || keys.Any(k => raw[k][r].Length == 0)).ToList();
        if (bad.Count > 0)
        {
            throw new StepFailedException(
                $"{bad.Count} label rows lack a key, a label or a valid {spec.EventTimestampColumn}; the first are rows {string.Join(", ", bad.Take(10).Select(r => r + 1))}.");
        }

        var table = new RowTable([
            .. keys.Select(k => (k, raw[k])),
            (EventTimestamp, System.Array.ConvertAll(times, t => Cells.TryTime(t, out var time) ? Cells.Time(time) : t)),
            (Label, raw[spec.LabelColumn]),
        ]);
        return table.Select([.. Enumerable.Range(0, table.Rows)
            .OrderBy(r => table[EventTimestamp][r], StringComparer.Ordinal)
            .ThenBy(r => Key(keys.Select(k => table[k][r])), StringComparer.Ordinal)]);
    }

    /// <summary>The entity rows to ask for, typed as the service's join keys are.</summary>
    public static RecordBatch Entities(RowTable labels, FeatureService service)
    {
        var rows = new RecordBatch.Builder();
        foreach (var key in service.JoinKeys)
        {
            rows.Append(key.Name, nullable: false, KeyColumn(labels[key.Name], key));
        }

        var times = new TimestampArray.Builder(new TimestampType(TimeUnit.Microsecond, "UTC"));
        times.AppendRange(labels[EventTimestamp].Select(text => Cells.TryTime(text, out var time) ? time : throw new FormatException($"{text} is no time")));
        return rows.Append(EventTimestamp, nullable: false, times.Build()).Build();
    }

    /// <summary>Takes the features of the answer's batches, which come in the order of the labels.</summary>
    public sealed class Collector(FeatureService service)
    {
        private readonly List<string>[] _cells = [.. service.Features.Select(_ => new List<string>())];

        public void Take(RecordBatch batch)
        {
            string[] missing = [.. service.Features.Select(f => f.Name).Where(name => batch.Schema.GetFieldIndex(name) < 0)];
            if (missing.Length > 0)
            {
                throw new StepFailedException($"features: the historical features lack {string.Join(", ", missing)}.");
            }

            for (var i = 0; i < _cells.Length; i++)
            {
                ArrowCells.Append(batch.Column(service.Features[i].Name), _cells[i]);
            }
        }

        /// <summary>The labels with the features beside them.</summary>
        public RowTable Join(RowTable labels) => _cells.All(cells => cells.Count == labels.Rows)
            ? new RowTable([.. labels.Names.Select(n => (n, labels[n])), .. service.Features.Select((f, i) => (f.Name, _cells[i].ToArray()))])
            : throw new StepFailedException($"features: asked for {labels.Rows} rows of historical features, got {_cells.Max(cells => cells.Count)}.");
    }

    private static string Key(IEnumerable<string> parts) => string.Join('\u001f', parts);

    private static IArrowArray KeyColumn(string[] cells, JoinKey key)
    {
        if (key.Datatype is "BYTES" or "BOOL")
        {
            return new StringArray.Builder().AppendRange(cells).Build();
        }

        var numbers = new Int64Array.Builder();
        foreach (var cell in cells)
        {
            numbers.Append(long.TryParse(cell, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new StepFailedException($"Join key '{key.Name}' is {key.Datatype}, but a label row has '{cell}'."));
        }

        return numbers.Build();
    }
}
