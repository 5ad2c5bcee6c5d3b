using System.Globalization;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Reads values and times from JSON and text by their declared datatype. A failure is a sentence, not an exception: rows are bad often.</summary>
public static class ValueReader
{
    private static readonly string[] Missing = ["NaN", "nan", "NULL", "null", "NA"];

    /// <returns>What is wrong, or null.</returns>
    public static string? FromJson(Datatype datatype, JsonElement json, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        switch (json.ValueKind)
        {
            case JsonValueKind.Null or JsonValueKind.Undefined:
                return null;
            case JsonValueKind.True or JsonValueKind.False when datatype == Datatype.Bool:
                value = FeatureValue.Of(json.GetBoolean());
                return null;
            case JsonValueKind.String when datatype == Datatype.Bytes:
                return FromText(json, out value);
            case JsonValueKind.Number when datatype is Datatype.Int32 or Datatype.Int64:
                return FromInteger(datatype, json, out value);
            case JsonValueKind.Number when datatype is Datatype.Fp32 or Datatype.Fp64:
                return FromFloat(datatype, json.GetDouble(), json.GetRawText(), out value);
            case JsonValueKind.String when datatype == Datatype.Timestamp:
                return FromText(json, out var time) ?? FromTime(time.Text!, out value);
            case JsonValueKind.Array when datatype.IsList():
                return ListReader.FromJson(datatype, json, out value);
            default:
                return $"{Shown(json.GetRawText())} is not {datatype.Name()}";
        }
    }

    /// <summary>Reads a text, for instance a CSV cell. Empty is missing; so are NaN, NA and null in other than BYTES columns; a list is a JSON array.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? FromText(Datatype datatype, string text, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        if (text.Length == 0 || (datatype != Datatype.Bytes && Missing.Contains(text)))
        {
            return null;
        }

        switch (datatype)
        {
            case Datatype.Bytes:
                value = FeatureValue.Of(text);
                return null;
            case Datatype.Bool:
                return FromBool(text, out value);
            case Datatype.Timestamp:
                return FromTime(text, out value);
            case >= Datatype.Int32List:
                return ListReader.FromText(datatype, text, out value);
            case Datatype.Int32 or Datatype.Int64:
                if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
                {
                    return $"{Shown(text)} is not {datatype.Name()}";
                }

                return Ranged(datatype, integer, text, out value);
            default:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    ? FromFloat(datatype, number, text, out value)
                    : $"{Shown(text)} is not {datatype.Name()}";
        }
    }

    /// <summary>RFC 3339, or <c>yyyy-MM-dd[ HH:mm:ss[.ffffff]]</c>; without an offset the time is UTC.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? Time(string? text, out long microseconds)
    {
        microseconds = 0;
        if (string.IsNullOrEmpty(text))
        {
            return "a time is required";
        }

        // A leading digit keeps out what DateTimeOffset would also take: month names and bare clock times.
        if (text.Length < 10 || !char.IsAsciiDigit(text[0]) || text[4] != '-'
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
        {
            return $"{Shown(text)} is not a time; expected for instance 2026-01-31T23:59:59Z";
        }

        microseconds = UnixTime.Microseconds(time);
        return null;
    }

    /// <returns>What is wrong, or null.</returns>
    public static string? Time(JsonElement json, out long microseconds)
    {
        microseconds = 0;
        var text = FeatureValue.Missing;
        var unreadable = json.ValueKind == JsonValueKind.String ? FromText(json, out text) : null;
        return unreadable ?? (json.ValueKind is JsonValueKind.String or JsonValueKind.Null or JsonValueKind.Undefined
            ? Time(text.Text, out microseconds)
            : $"{Shown(json.GetRawText())} is not a time; expected text like 2026-01-31T23:59:59Z");
    }

    /// <summary>JSON may escape half of a surrogate pair, which no text can hold, and have bytes that are no UTF-8.</summary>
    private static string? FromText(JsonElement json, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        try
        {
            value = FeatureValue.Of(json.GetString()!);
            return null;
        }
        catch (InvalidOperationException)
        {
            return "the text is not valid Unicode";
        }
    }

    private static string? FromTime(string text, out FeatureValue value)
    {
        var error = Time(text, out var microseconds);
        value = error is null ? FeatureValue.Of(microseconds) : FeatureValue.Missing;
        return error;
    }

    private static string? FromBool(string text, out FeatureValue value)
    {
        value = FeatureValue.Of(text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase));
        return value.AsBool || text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase)
            ? null
            : $"{Shown(text)} is not BOOL; expected true, false, 1 or 0";
    }

    private static string? FromInteger(Datatype datatype, JsonElement json, out FeatureValue value)
    {
        if (json.TryGetInt64(out var integer))
        {
            return Ranged(datatype, integer, json.GetRawText(), out value);
        }

        // A data frame with missing values turns its integer columns into 3.0.
        value = FeatureValue.Missing;
        return json.GetDouble() is var number && Math.Truncate(number) == number && Math.Abs(number) <= 9007199254740992d
            ? Ranged(datatype, (long)number, json.GetRawText(), out value)
            : $"{Shown(json.GetRawText())} is not {datatype.Name()}";
    }

    private static string? Ranged(Datatype datatype, long integer, string text, out FeatureValue value)
    {
        value = FeatureValue.Of(integer);
        return datatype == Datatype.Int64 || integer is >= int.MinValue and <= int.MaxValue ? null : $"{Shown(text)} is outside the range of INT32";
    }

    private static string? FromFloat(Datatype datatype, double number, string text, out FeatureValue value)
    {
        value = FeatureValue.Of(number);
        return double.IsFinite(datatype == Datatype.Fp32 ? (float)number : number) ? null : $"{Shown(text)} is outside the range of {datatype.Name()}";
    }

    private static string Shown(string text) => text.Length <= 60 ? $"'{text}'" : $"'{text.AsSpan(0, 57)}...'";
}
