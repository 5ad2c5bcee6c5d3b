using System.Data.Common;
using System.Runtime.CompilerServices;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>A row of a source.</summary>
/// <param name="Row">Null: it is bad, and <paramref name="Errors"/> tells why.</param>
public readonly record struct SourceRow(FeatureRow? Row, IReadOnlyList<CsvError> Errors);

/// <summary>Makes rows of a view of a query's result.</summary>
public sealed class RecordRows(FeatureView view, bool online, bool offline, RowClock clock)
{
    private readonly List<RuleBreach> _breaches = [];

    /// <summary>Values that rules of the view only warn of, so far.</summary>
    public RuleWarnings Warnings { get; } = new();

    /// <summary>Columns that the source must have.</summary>
    public static IEnumerable<string> Columns(FeatureView view)
    {
        var names = view.JoinKeys.Concat(view.Features).Select(field => field.Name).Append(view.Definition.EventTimestampColumn);
        return view.Definition.CreatedTimestampColumn is { } created ? names.Append(created) : names;
    }

    /// <param name="from">Exclusive, in microseconds since 1970-01-01T00:00:00Z; rows outside of the range are left out.</param>
    /// <param name="to">Inclusive.</param>
    public async IAsyncEnumerable<SourceRow> ReadAsync(DbDataReader reader, long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ordinals = Columns(view).ToDictionary(name => name, reader.GetOrdinal, StringComparer.Ordinal);
        for (var line = 1; await reader.ReadAsync(cancellationToken); line++)
        {
            var row = Read(reader, ordinals, line);
            if (row.Row is null || (row.Row.EventUs > from && row.Row.EventUs <= to))
            {
                yield return row;
            }
        }
    }

    private SourceRow Read(DbDataReader reader, Dictionary<string, int> ordinals, int line)
    {
        var errors = new List<CsvError>();
        var keys = Values(view.JoinKeys, reader, ordinals, line, errors, required: true);
        var values = Values(view.Features, reader, ordinals, line, errors, required: false);
        var eventUs = Time(view.Definition.EventTimestampColumn, reader, ordinals, line, errors);
        if (errors.Count == 0 && clock.Mistake(eventUs) is { } mistake)
        {
            errors.Add(new CsvError(line, view.Definition.EventTimestampColumn, mistake));
        }

        var createdUs = view.Definition.CreatedTimestampColumn is { } created ? Time(created, reader, ordinals, line, errors) : (long?)null;
        CheckRules(values, line, errors);
        return errors.Count > 0 ? new SourceRow(null, errors) : new SourceRow(
            new FeatureRow
            {
                View = view,
                Keys = keys,
                Values = values,
                EventUs = eventUs,
                CreatedUs = createdUs ?? clock.NextCreatedUs(),
                Online = online && view.Definition.Online,
                Offline = offline && view.Definition.Offline,
            },
            []);
    }

    private void CheckRules(FeatureValue[] values, int line, List<CsvError> errors)
    {
        if (errors.Count > 0 || view.Rules is not { } rules)
        {
            return;
        }

        _breaches.Clear();
        rules.Add(values, _breaches);
        errors.AddRange(_breaches.Where(breach => breach.Blocks).Select(breach => new CsvError(line, breach.Feature, breach.Message)));
        if (errors.Count == 0)
        {
            _breaches.ForEach(breach => Warnings.Add(view.Name, line, breach));
        }
    }

    private FeatureValue[] Values(IReadOnlyList<Field> fields, DbDataReader reader, Dictionary<string, int> ordinals, int line, List<CsvError> errors, bool required)
    {
        var values = new FeatureValue[fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var error = RecordValues.Read(fields[i].Datatype, reader.GetValue(ordinals[fields[i].Name]), out values[i]) ?? (required && !values[i].HasValue ? "a join key is required" : null);
            if (error is not null)
            {
                errors.Add(new CsvError(line, fields[i].Name, view.IsSensitive(fields[i].Name) ? $"the value is not {fields[i].Datatype.Name()}" : error));
            }
        }

        return values;
    }

    private static long Time(string column, DbDataReader reader, Dictionary<string, int> ordinals, int line, List<CsvError> errors)
    {
        if (RecordValues.Time(reader.GetValue(ordinals[column]), out var microseconds) is { } error)
        {
            errors.Add(new CsvError(line, column, error));
        }

        return microseconds;
    }
}
