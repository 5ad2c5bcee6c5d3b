using System.Globalization;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;

namespace MlSystem.FeatureStore.Online;

/// <summary>Values as JSON: numbers, texts and booleans as they are, times in RFC 3339, lists as arrays.</summary>
internal static class JsonValues
{
    /// <summary>Longest text of a time, and of .NET's round-trip form.</summary>
    public const int TimeBytes = 28;

    public static void Write(Utf8JsonWriter json, Datatype datatype, PackedRow row, int feature)
    {
        switch (datatype)
        {
            case Datatype.Bool:
                json.WriteBooleanValue(row.Bool(feature));
                break;
            case Datatype.Int32:
                json.WriteNumberValue(row.Int32(feature));
                break;
            case Datatype.Int64:
                json.WriteNumberValue(row.Int64(feature));
                break;
            case Datatype.Fp32:
                json.WriteNumberValue(row.Fp32(feature));
                break;
            case Datatype.Fp64:
                json.WriteNumberValue(row.Fp64(feature));
                break;
            case Datatype.Bytes:
                json.WriteStringValue(row.Text(feature));
                break;
            case Datatype.Timestamp:
                WriteTime(json, row.Int64(feature));
                break;
            default:
                WriteList(json, datatype, row, feature);
                break;
        }
    }

    public static void Write(Utf8JsonWriter json, Datatype datatype, in FeatureValue value)
    {
        if (!value.HasValue)
        {
            json.WriteNullValue();
            return;
        }

        switch (datatype)
        {
            case Datatype.Bool:
                json.WriteBooleanValue(value.AsBool);
                break;
            case Datatype.Int32 or Datatype.Int64:
                json.WriteNumberValue(value.AsInt64);
                break;
            case Datatype.Fp32:
                json.WriteNumberValue(value.AsFp32);
                break;
            case Datatype.Fp64:
                json.WriteNumberValue(value.AsFp64);
                break;
            case Datatype.Bytes:
                json.WriteStringValue(value.Text);
                break;
            case Datatype.Timestamp:
                WriteTime(json, value.AsInt64);
                break;
            default:
                WriteList(json, value.List!);
                break;
        }
    }

    /// <summary>As protobuf's JSON form writes a timestamp: UTC, with 0, 3 or 6 digits of a second.</summary>
    public static void WriteTime(Utf8JsonWriter json, long microseconds)
    {
        Span<byte> text = stackalloc byte[TimeBytes];
        json.WriteStringValue(text[..FormatTime(text, microseconds)]);
    }

    /// <param name="text">At least <see cref="TimeBytes"/> long.</param>
    /// <returns>How many bytes were written.</returns>
    public static int FormatTime(Span<byte> text, long microseconds)
    {
        // The round-trip form, which .NET writes without looking at a pattern, cut behind the digits that are wanted.
        UnixTime.FromMicroseconds(microseconds).UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        var end = microseconds % 1_000_000 == 0 ? 19 : microseconds % 1_000 == 0 ? 23 : 26;
        text[end] = (byte)'Z';
        return end + 1;
    }

    private static void WriteList(Utf8JsonWriter json, Datatype datatype, PackedRow row, int feature)
    {
        json.WriteStartArray();
        switch (datatype)
        {
            case Datatype.Int32List:
                WriteAll(json, row.Elements<int>(feature), static (json, element) => json.WriteNumberValue(element));
                break;
            case Datatype.Int64List:
                WriteAll(json, row.Elements<long>(feature), static (json, element) => json.WriteNumberValue(element));
                break;
            case Datatype.Fp32List:
                WriteAll(json, row.Elements<float>(feature), static (json, element) => json.WriteNumberValue(element));
                break;
            case Datatype.Fp64List:
                WriteAll(json, row.Elements<double>(feature), static (json, element) => json.WriteNumberValue(element));
                break;
            default:
                foreach (var text in row.Texts(feature))
                {
                    json.WriteStringValue(text);
                }

                break;
        }

        json.WriteEndArray();
    }

    private static void WriteList(Utf8JsonWriter json, Array list)
    {
        json.WriteStartArray();
        switch (list)
        {
            case int[] elements:
                WriteAll<int>(json, elements, static (json, element) => json.WriteNumberValue(element));
                break;
            case long[] elements:
                WriteAll<long>(json, elements, static (json, element) => json.WriteNumberValue(element));
                break;
            case float[] elements:
                WriteAll<float>(json, elements, static (json, element) => json.WriteNumberValue(element));
                break;
            case double[] elements:
                WriteAll<double>(json, elements, static (json, element) => json.WriteNumberValue(element));
                break;
            case string[] elements:
                WriteAll<string>(json, elements, static (json, element) => json.WriteStringValue(element));
                break;
        }

        json.WriteEndArray();
    }

    private static void WriteAll<T>(Utf8JsonWriter json, ReadOnlySpan<T> elements, Action<Utf8JsonWriter, T> write)
    {
        foreach (var element in elements)
        {
            write(json, element);
        }
    }
}
