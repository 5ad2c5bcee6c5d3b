using System.Buffers;
using System.Globalization;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Rows as <see cref="FeatureRowEvent"/>s in the event log. Written straight from the row: no dictionary and no element a value.</summary>
public static class RowCodec
{
    private const string Source = "/mlsystem/features";

    public static LogEvent Encode(FeatureRow row, ArrayBufferWriter<byte> buffer, TimeProvider time)
    {
        buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("feature_view"u8, row.View.Name);
        WriteFields(json, "entity"u8, row.View.JoinKeys, row.Keys);
        WriteTime(json, "event_time"u8, row.EventUs);
        WriteTime(json, "created_time"u8, row.CreatedUs);
        WriteFields(json, "values"u8, row.View.Features, row.Values);
        json.WriteBoolean("online"u8, row.Online);
        json.WriteBoolean("offline"u8, row.Offline);
        json.WriteEndObject();
        json.Flush();
        return new LogEvent(OnlineKey.Of(row), buffer.WrittenSpan.ToArray(), Headers(time));
    }

    /// <summary>Reads an event of topic <c>mlsystem.features</c> against the catalog in force.</summary>
    /// <returns>The row, or why it can't be one.</returns>
    public static (FeatureRow? Row, string? Error) Decode(StoredEvent stored, Catalog catalog, RowClock clock)
    {
        var decoded = Decode(stored.Event.Value, catalog);

        // What this service wrote it checked before it acknowledged.
        var isOwn = stored.Event.Headers.TryGetValue("ce_source", out var source) && source == Source;
        return decoded.Row is { } row && !isOwn && clock.Mistake(row.EventUs, stored.Time) is { } mistake ? (null, $"event_time: {mistake}") : decoded;
    }

    /// <summary>Reads an event of any producer against the catalog in force.</summary>
    /// <returns>The row, or why it can't be one.</returns>
    public static (FeatureRow? Row, string? Error) Decode(ReadOnlyMemory<byte> value, Catalog catalog)
    {
        FeatureRowEvent? read;
        try
        {
            read = JsonSerializer.Deserialize(value.Span, ContractsJson.Default.FeatureRowEvent);
        }
        catch (JsonException error)
        {
            return (null, error.Message);
        }

        if (read is null || !catalog.Views.TryGetValue(read.FeatureView, out var view))
        {
            return (null, $"There is no feature view '{read?.FeatureView}'.");
        }

        if (view.Stream is not null)
        {
            return (null, StreamWrites.Refusal(view));
        }

        var keys = new FeatureValue[view.JoinKeys.Count];
        var values = new FeatureValue[view.Features.Count];
        var mistake = Fill(view, view.JoinKeys, read.Entity, keys, required: true) ?? Fill(view, view.Features, read.Values, values, required: false);
        return mistake is not null ? (null, mistake) : (new FeatureRow
        {
            View = view,
            Keys = keys,
            EventUs = UnixTime.Microseconds(read.EventTime),
            CreatedUs = UnixTime.Microseconds(read.CreatedTime),
            Values = values,
            Online = read.Online && view.Definition.Online,
            Offline = read.Offline && view.Definition.Offline,
        }, null);
    }

    private static string? Fill(FeatureView view, IReadOnlyList<Field> fields, IReadOnlyDictionary<string, JsonElement> source, FeatureValue[] target, bool required)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (source.TryGetValue(fields[i].Name, out var json) && ValueReader.FromJson(fields[i].Datatype, json, out target[i]) is { } error)
            {
                return $"{fields[i].Name}: {(view.IsSensitive(fields[i].Name) ? $"the value is not {fields[i].Datatype.Name()}" : error)}";
            }

            if (required && !target[i].HasValue)
            {
                return $"{fields[i].Name}: a join key is required";
            }
        }

        return null;
    }

    private static void WriteFields(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<Field> fields, FeatureValue[] values)
    {
        json.WriteStartObject(name);
        for (var i = 0; i < fields.Count; i++)
        {
            json.WritePropertyName(fields[i].Name);
            JsonValues.Write(json, fields[i].Datatype, values[i]);
        }

        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, long microseconds) => json.WriteString(name, UnixTime.FromMicroseconds(microseconds));

    private static Dictionary<string, string> Headers(TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new(StringComparer.Ordinal)
        {
            ["ce_specversion"] = "1.0",
            ["ce_id"] = Guid.CreateVersion7(now).ToString(),
            ["ce_source"] = Source,
            ["ce_type"] = EventTypes.FeatureRow,
            ["ce_time"] = now.ToString("O", CultureInfo.InvariantCulture),
            ["content-type"] = "application/json",
        };
    }
}
