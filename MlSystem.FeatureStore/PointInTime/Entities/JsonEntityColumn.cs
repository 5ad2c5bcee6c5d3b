using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>One column of entity rows sent as JSON.</summary>
internal sealed class JsonEntityColumn
{
    private readonly FeatureValue[] _values;
    private readonly Datatype? _datatype;

    private JsonEntityColumn(string name, Datatype? datatype, FeatureValue[] values) => (Name, _datatype, _values) = (name, datatype, values);

    public string Name { get; }

    /// <summary>DuckDB's type.</summary>
    public string Type => _datatype is { } datatype and not Datatype.Timestamp ? DuckDb.Type(datatype) : "TIMESTAMPTZ";

    /// <summary>The label time of a row.</summary>
    public long TimeUs(int row) => _values[row].AsInt64;

    public static JsonEntityColumn Read(JsonProperty column, HistoricalRequest request, EntityMistakes mistakes)
    {
        var json = column.Value.EnumerateArray().ToArray();
        var values = new FeatureValue[json.Length];
        var wrong = new List<string>();
        var isTime = column.Name == request.EventTimestampColumn;
        var key = request.JoinKeys.FirstOrDefault(key => key.Name == column.Name);
        var requested = request.RequestColumns.FirstOrDefault(field => field.Name == column.Name);
        var datatype = isTime ? (Datatype?)null : key?.Datatype ?? requested?.Datatype ?? Infer(json);
        for (var row = 0; row < json.Length; row++)
        {
            var error = isTime ? Time(json[row], out values[row]) : ValueReader.FromJson(datatype!.Value, json[row], out values[row]);
            if (error is not null || (key is not null && !values[row].HasValue))
            {
                wrong.Add($"[{row}]: {error ?? "a join key is required"}");
            }
        }

        if (wrong.Count > 0)
        {
            mistakes.Add(column.Name, wrong);
        }

        return new JsonEntityColumn(column.Name, datatype, values);
    }

    public void Append(IDuckDBAppenderRow row, int index)
    {
        ref readonly var value = ref _values[index];
        if (value.HasValue && (_datatype is null or Datatype.Timestamp))
        {
            row.AppendValue((DateTime?)UnixTime.FromMicroseconds(value.AsInt64).UtcDateTime);
        }
        else
        {
            DuckDbValues.Append(row, _datatype ?? Datatype.Timestamp, value);
        }
    }

    private static string? Time(JsonElement json, out FeatureValue value)
    {
        var error = ValueReader.Time(json, out var microseconds);
        value = FeatureValue.Of(microseconds);
        return error;
    }

    /// <summary>A column that is only passed through has the narrowest datatype that all its values fit.</summary>
    private static Datatype Infer(JsonElement[] values)
    {
        var kinds = values.Select(value => value.ValueKind).Where(kind => kind != JsonValueKind.Null).Distinct().ToArray();
        return kinds.All(kind => kind is JsonValueKind.True or JsonValueKind.False) && kinds.Length > 0 ? Datatype.Bool
            : kinds is [JsonValueKind.Number] ? (values.All(value => value.ValueKind == JsonValueKind.Null || value.TryGetInt64(out _)) ? Datatype.Int64 : Datatype.Fp64)
            : Datatype.Bytes;
    }
}
