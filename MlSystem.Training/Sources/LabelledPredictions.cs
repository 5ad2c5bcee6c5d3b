using System.Globalization;
using System.Text.Json;
using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Sources;

/// <summary>Live predictions of an endpoint that feedback has labelled: inputs, join keys, time and label as columns.</summary>
internal static class LabelledPredictions
{
    public static async Task<RowTable> ReadAsync(MonitorClient monitor, PredictionSource source, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var from = source.Days is { } days ? asOf.AddDays(-days) : (DateTimeOffset?)null;
        var columns = new SortedDictionary<string, string[]>(StringComparer.Ordinal);
        List<string> times = [], labels = [];
        List<Dictionary<string, string>> rows = [];
        await foreach (var row in monitor.LabelledAsync(source.Endpoint, from, asOf, cancellationToken))
        {
            // A request that was not sampled has no inputs, and a shadow's prediction mirrors a live one that is here too.
            if (row.Role != "live" || row.Label is not { } label || Flat(row) is not { } cells)
            {
                continue;
            }

            rows.Add(cells);
            times.Add(Cells.Time(row.Time));
            labels.Add(Text(label));
        }

        foreach (var name in rows.SelectMany(r => r.Keys).Distinct(StringComparer.Ordinal))
        {
            columns[name] = [.. rows.Select(r => r.GetValueOrDefault(name, ""))];
        }

        return new RowTable([.. columns.Select(c => (c.Key, c.Value)), (Joining.EventTimestamp, [.. times]), (Joining.Label, [.. labels])]);
    }

    private static Dictionary<string, string>? Flat(PredictionRow row)
    {
        var cells = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in row.Inputs.EnumerateObject().Concat(row.JoinKeys.ValueKind == JsonValueKind.Object ? row.JoinKeys.EnumerateObject() : []))
        {
            if (property.Value.ValueKind == JsonValueKind.Array)
            {
                throw new StepFailedException($"Input '{property.Name}' has several values a row: it cannot be a column.");
            }

            cells[property.Name] = Text(property.Value);
        }

        return row.Inputs.EnumerateObject().Any() ? cells : null;
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is "NaN" or null ? "" : value.GetString()!,
        JsonValueKind.Number => value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.True => "1",
        JsonValueKind.False => "0",
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };
}
