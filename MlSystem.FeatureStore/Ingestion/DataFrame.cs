using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>A bad value in columns sent as JSON.</summary>
/// <param name="Row">From 0; null when the column itself is wrong.</param>
public sealed record DataFrameError(string Column, int? Row, string Message);

/// <summary>Rows sent as JSON columns: <c>{"column": [value, …], …}</c>. Columns that the view does not know are left alone.</summary>
public sealed class DataFrame
{
    private readonly Dictionary<string, JsonElement[]> _columns = new(StringComparer.Ordinal);
    private readonly List<DataFrameError> _errors = [];

    private DataFrame()
    {
    }

    public IReadOnlyList<DataFrameError> Errors => _errors;

    /// <summary>Values that rules of the views only warn of.</summary>
    public RuleWarnings Warnings { get; } = new();

    public int Rows { get; private set; }

    /// <param name="columns">An object of arrays of one length.</param>
    public static DataFrame Read(JsonElement columns)
    {
        var frame = new DataFrame();
        foreach (var column in columns.EnumerateObject())
        {
            if (column.Value.ValueKind != JsonValueKind.Array)
            {
                frame._errors.Add(new DataFrameError(column.Name, null, "a list of values is required"));
            }
            else if (!frame._columns.TryAdd(column.Name, [.. column.Value.EnumerateArray()]))
            {
                frame._errors.Add(new DataFrameError(column.Name, null, "the column is there twice"));
            }
        }

        frame.Rows = frame._columns.Count == 0 ? 0 : frame._columns.Values.First().Length;
        foreach (var (name, values) in frame._columns.Where(column => column.Value.Length != frame.Rows))
        {
            frame._errors.Add(new DataFrameError(name, null, $"has {values.Length} values, but the first column has {frame.Rows}"));
        }

        return frame;
    }

    /// <summary>Makes rows of a view; what is wrong goes to <see cref="Errors"/>.</summary>
    public IReadOnlyList<FeatureRow> RowsOf(FeatureView view, bool online, bool offline, RowClock clock)
    {
        if (_errors.Count > 0)
        {
            return [];
        }

        var keys = Columns(view.JoinKeys, required: true);
        var values = Columns(view.Features, required: false);
        var eventTimes = Times(view.Definition.EventTimestampColumn, clock);
        var createdTimes = view.Definition.CreatedTimestampColumn is { } created ? Times(created, null) : null;
        if (_errors.Count > 0)
        {
            return [];
        }

        var rows = new FeatureRow[Rows];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = new FeatureRow
            {
                View = view,
                Keys = Array.ConvertAll(keys, column => column![row]),
                Values = Array.ConvertAll(values, column => column![row]),
                EventUs = eventTimes![row],
                CreatedUs = createdTimes?[row] ?? clock.NextCreatedUs(),
                Online = online && view.Definition.Online,
                Offline = offline && view.Definition.Offline,
            };
        }

        CheckRules(view, rows);
        return rows;
    }

    private void CheckRules(FeatureView view, FeatureRow[] rows)
    {
        var breaches = new List<RuleBreach>();
        for (var row = 0; view.Rules is { } rules && row < rows.Length; row++)
        {
            breaches.Clear();
            rules.Add(rows[row].Values, breaches);
            foreach (var breach in breaches)
            {
                if (breach.Blocks)
                {
                    _errors.Add(new DataFrameError(breach.Feature, row, breach.Message));
                }
                else
                {
                    Warnings.Add(view.Name, row, breach);
                }
            }
        }
    }

    private FeatureValue[]?[] Columns(IReadOnlyList<Field> fields, bool required) => [.. fields.Select(field => Column(field, required))];

    private FeatureValue[]? Column(Field field, bool required)
    {
        if (!_columns.TryGetValue(field.Name, out var json))
        {
            _errors.Add(new DataFrameError(field.Name, null, "the column is missing"));
            return null;
        }

        var values = new FeatureValue[json.Length];
        for (var row = 0; row < json.Length; row++)
        {
            if (ValueReader.FromJson(field.Datatype, json[row], out values[row]) is { } error)
            {
                _errors.Add(new DataFrameError(field.Name, row, error));
            }
            else if (required && !values[row].HasValue)
            {
                _errors.Add(new DataFrameError(field.Name, row, "a join key is required"));
            }
        }

        return values;
    }

    /// <param name="clock">Of event times, which may not lie in the far future.</param>
    private long[]? Times(string column, RowClock? clock)
    {
        if (!_columns.TryGetValue(column, out var json))
        {
            _errors.Add(new DataFrameError(column, null, "the column is missing"));
            return null;
        }

        var times = new long[json.Length];
        for (var row = 0; row < json.Length; row++)
        {
            if ((ValueReader.Time(json[row], out times[row]) ?? clock?.Mistake(times[row])) is { } error)
            {
                _errors.Add(new DataFrameError(column, row, error));
            }
        }

        return times;
    }
}
