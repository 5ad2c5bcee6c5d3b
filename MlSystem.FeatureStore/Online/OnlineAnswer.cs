using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;

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

        foreach (var column in result.Query.Columns)
        {
            WriteColumn(json, result, column);
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

    private static void WriteColumn(Utf8JsonWriter json, OnlineResult result, OnlineColumn column)
    {
        if (column.IsComputed)
        {
            WriteComputed(json, result, column);
            return;
        }

        var datatype = result.DatatypeOf(column);
        var rows = result.Query.Rows;
        json.WriteStartObject();
        json.WriteStartArray("values"u8);
        for (var i = 0; i < rows; i++)
        {
            WriteValue(json, datatype, result.Cell(column, i, out var row, out var feature, out _), row, feature);
        }

        json.WriteEndArray();
        json.WriteStartArray("statuses"u8);
        for (var i = 0; i < rows; i++)
        {
            json.WriteStringValue(Text(result.Cell(column, i, out _, out _, out _)));
        }

        json.WriteEndArray();
        json.WriteStartArray("event_timestamps"u8);
        for (var i = 0; i < rows; i++)
        {
            if (result.Cell(column, i, out _, out _, out var eventUs) == OnlineStatus.NotFound)
            {
                json.WriteStringValue(Epoch);
            }
            else
            {
                JsonValues.WriteTime(json, eventUs);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
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

    private static void WriteValue(Utf8JsonWriter json, Datatype datatype, OnlineStatus status, PackedRow row, int feature)
    {
        if (status is not (OnlineStatus.Present or OnlineStatus.OutsideMaxAge))
        {
            json.WriteNullValue();
            return;
        }

        JsonValues.Write(json, datatype, row, feature);
    }
}
