using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online;

/// <summary>Writes an online read in Feast's form, straight from the packed rows: nothing is allocated for a value.</summary>
public static class OnlineAnswer
{
    private static readonly JsonWriterOptions Json = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonEncodedText Present = JsonEncodedText.Encode("PRESENT");
    private static readonly JsonEncodedText NullValue = JsonEncodedText.Encode("NULL_VALUE");
    private static readonly JsonEncodedText NotFound = JsonEncodedText.Encode("NOT_FOUND");
    private static readonly JsonEncodedText OutsideMaxAge = JsonEncodedText.Encode("OUTSIDE_MAX_AGE");
    private static readonly JsonEncodedText Epoch = JsonEncodedText.Encode("1970-01-01T00:00:00Z");

    private static ReadOnlySpan<byte> QuotedEpoch => "\"1970-01-01T00:00:00Z\""u8;

    public static void Write(IBufferWriter<byte> output, OnlineRequest request, OnlineResult result)
    {
        using var json = new Utf8JsonWriter(output, Json);
        json.WriteStartObject();
        json.WriteStartObject("metadata"u8);
        json.WriteStartArray("feature_names"u8);
        foreach (var (name, _, _) in request.Entities)
        {
            json.WriteStringValue(name);
        }

        foreach (var column in result.Query.Columns)
        {
            json.WriteStringValue(column.Name);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("results"u8);
        foreach (var (_, datatype, values) in request.Entities)
        {
            WriteEntity(json, datatype, values);
        }

        using var times = new EventTimes(result);
        foreach (var column in result.Query.Columns)
        {
            WriteColumn(json, result, column, times);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteEntity(Utf8JsonWriter json, Datatype datatype, FeatureValue[] values)
    {
        json.WriteStartObject();
        json.WriteStartArray("values"u8);
        foreach (ref readonly var value in values.AsSpan())
        {
            switch (datatype)
            {
                case Datatype.Bytes:
                    json.WriteStringValue(value.Text);
                    break;
                case Datatype.Bool:
                    json.WriteBooleanValue(value.AsBool);
                    break;
                default:
                    json.WriteNumberValue(value.AsInt64);
                    break;
            }
        }

        json.WriteEndArray();
        WriteRepeated(json, "statuses"u8, Present, values.Length);
        WriteRepeated(json, "event_timestamps"u8, Epoch, values.Length);
        json.WriteEndObject();
    }

    private static void WriteRepeated(Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonEncodedText text, int count)
    {
        json.WriteStartArray(name);
        for (var i = 0; i < count; i++)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteColumn(Utf8JsonWriter json, OnlineResult result, OnlineColumn column, EventTimes times)
    {
        if (column.IsComputed)
        {
            WriteComputed(json, result, column);
            return;
        }

        var rows = result.Query.Rows;
        var statuses = ArrayPool<OnlineStatus>.Shared.Rent(rows);
        json.WriteStartObject();
        json.WriteStartArray("values"u8);
        WriteValues(json, result, column, statuses.AsSpan(0, rows));
        json.WriteEndArray();
        json.WriteStartArray("statuses"u8);
        foreach (var status in statuses.AsSpan(0, rows))
        {
            json.WriteStringValue(Text(status));
        }

        json.WriteEndArray();
        json.WriteStartArray("event_timestamps"u8);
        for (var i = 0; i < rows; i++)
        {
            json.WriteRawValue(statuses[i] == OnlineStatus.NotFound ? QuotedEpoch : times.Of(column, i), skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        ArrayPool<OnlineStatus>.Shared.Return(statuses);
    }

    private static void WriteValues(Utf8JsonWriter json, OnlineResult result, OnlineColumn column, Span<OnlineStatus> statuses)
    {
        var datatype = result.DatatypeOf(column);
        var (givesExpired, expired) = (result.GivesExpired(column), result.ExpiredValue(column));
        for (var i = 0; i < statuses.Length; i++)
        {
            var status = statuses[i] = result.Cell(column, i, out var row, out var feature, out _);
            if (status == OnlineStatus.Present || (status == OnlineStatus.OutsideMaxAge && givesExpired))
            {
                JsonValues.Write(json, datatype, row, feature);
            }
            else if (status == OnlineStatus.OutsideMaxAge)
            {
                JsonValues.Write(json, datatype, expired);
            }
            else
            {
                json.WriteNullValue();
            }
        }
    }

    private static void WriteComputed(Utf8JsonWriter json, OnlineResult result, OnlineColumn column)
    {
        var (datatype, values) = (result.DatatypeOf(column), result.Computed(column));
        json.WriteStartObject();
        json.WriteStartArray("values"u8);
        foreach (ref readonly var value in values.AsSpan())
        {
            JsonValues.Write(json, datatype, value);
        }

        json.WriteEndArray();
        json.WriteStartArray("statuses"u8);
        foreach (ref readonly var value in values.AsSpan())
        {
            json.WriteStringValue(value.HasValue ? Present : NullValue);
        }

        json.WriteEndArray();
        json.WriteStartArray("event_timestamps"u8);
        for (var i = 0; i < values.Length; i++)
        {
            JsonValues.WriteTime(json, result.ComputedEventUs(column, i));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static JsonEncodedText Text(OnlineStatus status) => status switch
    {
        OnlineStatus.Present => Present,
        OnlineStatus.NullValue => NullValue,
        OnlineStatus.OutsideMaxAge => OutsideMaxAge,
        _ => NotFound,
    };
}
