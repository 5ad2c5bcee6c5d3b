using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Training.LoggedPredictions;

/// <summary>The predictions of one logged batch, row by row.</summary>
internal sealed class LoggedBatch
{
    private readonly int[] _rows;
    private readonly Dictionary<string, LoggedColumn> _inputs;
    private readonly Dictionary<string, LoggedColumn> _outputs;

    /// <exception cref="FormatException">Lists or tensors do not fit together.</exception>
    private LoggedBatch(PredictionBatchEvent batch)
    {
        Event = batch;
        _rows = batch.Rows is null ? [.. Enumerable.Repeat(1, batch.RequestIds.Count)] : [.. batch.Rows];
        if (_rows.Length != batch.RequestIds.Count || batch.TimeOffsetsMicroseconds.Count != batch.RequestIds.Count || Array.Exists(_rows, r => r < 0)
            || (batch.PairedRequestIds is { } paired && paired.Count != batch.RequestIds.Count))
        {
            throw new FormatException("The lists of the batch have different lengths.");
        }

        _inputs = batch.Inputs.ToDictionary(c => c.Key, c => new LoggedColumn(c.Value, _rows), StringComparer.Ordinal);
        _outputs = batch.Outputs.ToDictionary(c => c.Key, c => new LoggedColumn(c.Value, _rows), StringComparer.Ordinal);
    }

    public PredictionBatchEvent Event { get; }

    public bool HasInputs => _inputs.Count > 0;

    /// <summary>Null for an event of another kind.</summary>
    /// <exception cref="FormatException">It is broken.</exception>
    public static LoggedBatch? Read(StoredEvent stored)
    {
        if (stored.Event.Headers.GetValueOrDefault("ce_type") != EventTypes.PredictionBatch)
        {
            return null;
        }

        try
        {
            return new LoggedBatch(JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.PredictionBatchEvent) ?? throw new FormatException("The payload is null."));
        }
        catch (Exception error) when (error is JsonException or OverflowException)
        {
            throw new FormatException(error.Message, error);
        }
    }

    /// <summary>All rows of all requests.</summary>
    public IEnumerable<LoggedRow> Rows() =>
        from request in Enumerable.Range(0, _rows.Length)
        from row in Enumerable.Range(0, _rows[request])
        select new LoggedRow(request, row, Id(Event.RequestIds[request], row), Event.PairedRequestIds is { } paired ? Id(paired[request], row) : null,
            Event.Time.AddTicks(Event.TimeOffsetsMicroseconds[request] * TimeSpan.TicksPerMicrosecond));

    /// <summary>The inputs of a row as JSON object; a column of several values as array.</summary>
    /// <param name="wanted">Null: all.</param>
    public JsonObject Inputs(LoggedRow row, Func<string, bool>? wanted = null)
    {
        var json = new JsonObject();
        foreach (var (name, column) in _inputs.Where(c => wanted?.Invoke(c.Key) ?? true))
        {
            var (start, count) = column.Row(row.Request, row.Row, _rows[row.Request]);
            if (count > 0)
            {
                json[name] = count == 1 ? column.Json(start) : new JsonArray([.. Enumerable.Range(0, count).Select(i => column.Json(start + i))]);
            }
        }

        return json;
    }

    /// <summary>The numbers of an output for a row; empty when there is no such output of numbers.</summary>
    public double[] OutputNumbers(string name, LoggedRow row)
    {
        if (!_outputs.TryGetValue(name, out var column) || column.IsText)
        {
            return [];
        }

        var (start, count) = column.Row(row.Request, row.Row, _rows[row.Request]);
        return [.. Enumerable.Range(0, count).Select(i => column.Number(start + i))];
    }

    /// <summary>An output of one value for a row as text; null when there is none.</summary>
    public string? OutputText(string name, LoggedRow row)
    {
        if (!_outputs.TryGetValue(name, out var column) || column.Row(row.Request, row.Row, _rows[row.Request]) is not (var start, 1))
        {
            return null;
        }

        return column.IsText ? column.Text(start) : column.Number(start).ToString("R", CultureInfo.InvariantCulture);
    }

    private static string Id(string request, int row) => string.Create(CultureInfo.InvariantCulture, $"{request}/{row}");
}

/// <summary>One prediction.</summary>
/// <param name="Request">Its request's place in the batch.</param>
/// <param name="Paired">Shadow: the prediction id of the live request that it mirrors.</param>
internal sealed record LoggedRow(int Request, int Row, string PredictionId, string? Paired, DateTimeOffset Time);
