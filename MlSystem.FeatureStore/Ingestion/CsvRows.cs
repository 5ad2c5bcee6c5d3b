using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>A mistake in a CSV file.</summary>
/// <param name="Line">The line of the file on which the row begins, from 1 (the header).</param>
/// <param name="Column">Null when the row as a whole is wrong.</param>
public sealed record CsvError(int Line, string? Column, string Message);

/// <summary>Reads rows of a view from CSV (RFC 4180, comma, UTF-8, header row), one at a time.</summary>
public sealed class CsvRows : IDisposable
{
    private readonly FeatureView _view;
    private readonly bool _online;
    private readonly bool _offline;
    private readonly RowClock _clock;
    private readonly StreamReader _text;
    private readonly CsvRecordReader _csv;
    private readonly List<CsvError> _errors = [];
    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);
    private readonly List<RuleBreach> _breaches = [];
    private int _columns;

    public CsvRows(Stream csv, FeatureView view, bool online, bool offline, RowClock clock)
    {
        (_view, _online, _offline, _clock) = (view, online && view.Definition.Online, offline && view.Definition.Offline, clock);
        _text = new StreamReader(csv, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        _csv = new CsvRecordReader(_text);
    }

    /// <summary>Columns of the file that the view does not have.</summary>
    public IReadOnlyList<string> IgnoredColumns { get; private set; } = [];

    /// <summary>Values that rules of the view only warn of, so far.</summary>
    public RuleWarnings Warnings { get; } = new();

    /// <summary>Mistakes of the header or of the row that <see cref="ReadAsync"/> came to last.</summary>
    public IReadOnlyList<CsvError> Errors => _errors;

    /// <returns>False when the header is wrong; no row can be read then.</returns>
    public async Task<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        if (!await _csv.ReadAsync(cancellationToken))
        {
            _errors.Add(new CsvError(1, null, "the file is empty; a header row is required"));
            return false;
        }

        var header = _csv.Fields;
        _columns = header.Count;
        for (var i = 0; i < header.Count; i++)
        {
            var name = i == 0 ? header[i].TrimStart('\uFEFF') : header[i];
            if (!_positions.TryAdd(name, i))
            {
                _errors.Add(new CsvError(1, name, "the column is there twice"));
            }
        }

        var wanted = WantedColumns().ToArray();
        _errors.AddRange(wanted.Where(name => !_positions.ContainsKey(name)).Select(name => new CsvError(1, name, "the column is missing")));
        IgnoredColumns = [.. _positions.Keys.Except(wanted, StringComparer.Ordinal)];
        return _errors.Count == 0;
    }

    /// <summary>Goes to the next row.</summary>
    /// <returns>Whether there is one, and the row: null when it is bad, and <see cref="Errors"/> tells why.</returns>
    public async Task<(bool More, FeatureRow? Row)> ReadAsync(CancellationToken cancellationToken)
    {
        _errors.Clear();
        if (!await _csv.ReadAsync(cancellationToken))
        {
            return (false, null);
        }

        if (_csv.Malformed is { } malformed)
        {
            _errors.Add(new CsvError(_csv.Line, null, malformed));
        }
        else if (_csv.Fields.Count != _columns)
        {
            _errors.Add(new CsvError(_csv.Line, null, $"the row has {_csv.Fields.Count} values, the header has {_columns}"));
        }

        return (true, _errors.Count > 0 ? null : ToRow(_csv.Fields, _csv.Line));
    }

    public void Dispose() => _text.Dispose();

    private IEnumerable<string> WantedColumns()
    {
        var definition = _view.Definition;
        var names = _view.JoinKeys.Concat(_view.Features).Select(field => field.Name).Append(definition.EventTimestampColumn);
        return definition.CreatedTimestampColumn is { } created ? names.Append(created) : names;
    }

    private FeatureRow? ToRow(IReadOnlyList<string> record, int line)
    {
        var keys = Values(_view.JoinKeys, record, line, required: true);
        var values = Values(_view.Features, record, line, required: false);
        var eventUs = Time(_view.Definition.EventTimestampColumn, record, line);
        if (_errors.Count == 0 && _clock.Mistake(eventUs) is { } mistake)
        {
            _errors.Add(new CsvError(line, _view.Definition.EventTimestampColumn, mistake));
        }

        var createdUs = _view.Definition.CreatedTimestampColumn is { } created ? Time(created, record, line) : (long?)null;
        CheckRules(values, line);
        return _errors.Count > 0 ? null : new FeatureRow
        {
            View = _view,
            Keys = keys,
            Values = values,
            EventUs = eventUs,
            CreatedUs = createdUs ?? _clock.NextCreatedUs(),
            Online = _online,
            Offline = _offline,
        };
    }

    private void CheckRules(FeatureValue[] values, int line)
    {
        if (_errors.Count > 0 || _view.Rules is not { } rules)
        {
            return;
        }

        _breaches.Clear();
        rules.Add(values, _breaches);
        _errors.AddRange(_breaches.Where(breach => breach.Blocks).Select(breach => new CsvError(line, breach.Feature, breach.Message)));
        if (_errors.Count == 0)
        {
            _breaches.ForEach(breach => Warnings.Add(_view.Name, line, breach));
        }
    }

    private FeatureValue[] Values(IReadOnlyList<Field> fields, IReadOnlyList<string> record, int line, bool required)
    {
        var values = new FeatureValue[fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var text = record[_positions[fields[i].Name]];
            var error = text.Contains('\uFFFD', StringComparison.Ordinal) ? "the value is not valid UTF-8"
                : ValueReader.FromText(fields[i].Datatype, text, out values[i])
                ?? (required && !values[i].HasValue ? "a join key is required" : null);
            if (error is not null)
            {
                _errors.Add(new CsvError(line, fields[i].Name, error));
            }
        }

        return values;
    }

    private long Time(string column, IReadOnlyList<string> record, int line)
    {
        if (ValueReader.Time(record[_positions[column]], out var microseconds) is { } error)
        {
            _errors.Add(new CsvError(line, column, error));
        }

        return microseconds;
    }
}
