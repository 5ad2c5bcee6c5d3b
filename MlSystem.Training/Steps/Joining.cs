using System.Text.Json;
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
            (EventTimestamp, Array.ConvertAll(times, t => Cells.TryTime(t, out var time) ? Cells.Time(time) : t)),
            (Label, raw[spec.LabelColumn]),
        ]);
        return table.Select([.. Enumerable.Range(0, table.Rows)
            .OrderBy(r => table[EventTimestamp][r], StringComparer.Ordinal)
            .ThenBy(r => Key(keys.Select(k => table[k][r])), StringComparer.Ordinal)]);
    }

    /// <summary>The entity columns to ask for, typed as the service's join keys are.</summary>
    public static Dictionary<string, IReadOnlyList<JsonElement>> Entities(RowTable labels, FeatureService service)
    {
        Dictionary<string, IReadOnlyList<JsonElement>> columns = new(StringComparer.Ordinal);
        foreach (var key in service.JoinKeys)
        {
            columns[key.Name] = [.. labels[key.Name].Select(cell => KeyValue(cell, key))];
        }

        columns[EventTimestamp] = [.. labels[EventTimestamp].Select(Text)];
        return columns;
    }

    /// <summary>Adds the features to the labels, found by keys and time, whatever order they come in.</summary>
    public static RowTable Join(RowTable labels, IReadOnlyDictionary<string, JsonElement[]> answer, FeatureService service)
    {
        string[] keys = [.. service.JoinKeys.Select(k => k.Name)];
        string[] missing = [.. keys.Append(EventTimestamp).Concat(service.Features.Select(f => f.Name)).Where(c => !answer.ContainsKey(c))];
        if (missing.Length > 0)
        {
            throw new StepFailedException($"features: the historical features lack {string.Join(", ", missing)}.");
        }

        Dictionary<string, int> rows = new(StringComparer.Ordinal);
        for (var row = 0; row < answer[EventTimestamp].Length; row++)
        {
            var time = Cells.TryTime(answer[EventTimestamp][row], out var moment) ? Cells.Time(moment) : "";
            rows[Key(service.JoinKeys.Select(k => Cells.Feature(answer[k.Name][row], k.Datatype)).Append(time))] = row;
        }

        var sources = Enumerable.Range(0, labels.Rows)
            .Select(r => rows.TryGetValue(Key(keys.Select(k => labels[k][r]).Append(labels[EventTimestamp][r])), out var source)
                ? source
                : throw new StepFailedException($"features: the historical features lack the row of {string.Join(", ", keys.Select(k => $"{k} {labels[k][r]}"))} at {labels[EventTimestamp][r]}."))
            .ToArray();
        return new RowTable([
            .. labels.Names.Select(n => (n, labels[n])),
            .. service.Features.Select(f => (f.Name, Array.ConvertAll(sources, source => Cells.Feature(answer[f.Name][source], f.Datatype)))),
        ]);
    }

    private static string Key(IEnumerable<string> parts) => string.Join('\u001f', parts);

    private static JsonElement KeyValue(string cell, JoinKey key) =>
        key.Datatype == "BYTES" ? Text(cell)
        : long.TryParse(cell, System.Globalization.CultureInfo.InvariantCulture, out var number) ? JsonSerializer.SerializeToElement(number, KeyJson.Default.Int64)
        : throw new StepFailedException($"Join key '{key.Name}' is {key.Datatype}, but a label row has '{cell}'.");

    private static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text, KeyJson.Default.String);
}

/// <summary>JSON of single key values.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(long))]
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class KeyJson : System.Text.Json.Serialization.JsonSerializerContext;
