using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.OnDemand;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>Reads the columns of a topic source out of its events: JSON objects.</summary>
public sealed class TopicColumns
{
    private readonly (Field Field, string[] Path, long? UnitUs)[] _columns;
    private readonly OnDemandProgram? _filter;
    private readonly Func<string, bool> _isSensitive;

    /// <param name="isSensitive">Columns whose values must not appear in messages.</param>
    public TopicColumns(SourceDefinition source, Func<string, bool> isSensitive)
    {
        _isSensitive = isSensitive;
        _columns = [.. (source.Columns ?? []).Select(column => (
            CatalogBuilder.ToField(new FieldDefinition { Name = column.Name, Datatype = column.Datatype }),
            (column.Field ?? column.Name).Split('.'),
            column.Unit switch { "seconds" => 1_000_000, "milliseconds" => 1_000, "microseconds" => 1, _ => (long?)null }))];
        Fields = [.. _columns.Select(column => column.Field)];
        _filter = source.Filter is { } filter ? OnDemandCompiler.CompileFilter(filter, Fields) : null;
    }

    public IReadOnlyList<Field> Fields { get; }

    public int IndexOf(string column) => Array.FindIndex(_columns, known => known.Field.Name == column);

    /// <summary>Reads one event. A member that is not there is missing.</summary>
    /// <returns>One value for each of <see cref="Fields"/>; null with an error, or without one where the filter leaves the event out.</returns>
    public (FeatureValue[]? Values, string? Error) Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (null, "the event is not a JSON object");
            }

            var values = new FeatureValue[_columns.Length];
            for (var i = 0; i < values.Length; i++)
            {
                if (Read(document.RootElement, i, out values[i]) is { } error)
                {
                    var field = _columns[i].Field;
                    return (null, $"{field.Name}: {(_isSensitive(field.Name) ? $"the value is not {field.Datatype.Name()}" : error)}");
                }
            }

            return Passes(values) ? (values, null) : (null, null);
        }
        catch (JsonException error)
        {
            return (null, $"the event is not JSON: {error.Message}");
        }
    }

    private string? Read(JsonElement element, int column, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        var (field, path, unitUs) = _columns[column];
        foreach (var member in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(member, out element))
            {
                return null;
            }
        }

        if (unitUs is not { } unit || element.ValueKind != JsonValueKind.Number)
        {
            return ValueReader.FromJson(field.Datatype, element, out value);
        }

        var us = Math.Round(element.GetDouble() * unit);
        if (!(us >= UnixTime.Microseconds(DateTimeOffset.MinValue) && us <= UnixTime.Microseconds(DateTimeOffset.MaxValue)))
        {
            return "the time is out of range";
        }

        value = FeatureValue.Of(element.TryGetInt64(out var whole) ? whole * unit : (long)us);
        return null;
    }

    private bool Passes(FeatureValue[] values)
    {
        if (_filter is null)
        {
            return true;
        }

        var result = _filter.Evaluate([.. _filter.Inputs.Select(input => new[] { values[IndexOf(input.Field.Name)] })], new long[1])[0][0];
        return result is { HasValue: true, AsBool: true };
    }
}
