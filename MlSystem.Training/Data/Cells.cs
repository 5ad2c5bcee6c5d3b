using System.Globalization;
using System.Text.Json;

namespace MlSystem.Training.Data;

/// <summary>The one text form of every value, so that equal rows have equal fingerprints whatever way they took.</summary>
internal static class Cells
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";

    /// <summary>A feature's value; null and NaN are missing.</summary>
    /// <param name="datatype">Open Inference Protocol datatype.</param>
    public static string Feature(JsonElement value, string datatype) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String when datatype == "BYTES" => value.GetString()!,
        JsonValueKind.String => Number(value.GetString()!, datatype),
        JsonValueKind.True => datatype == "BYTES" ? "true" : "1",
        JsonValueKind.False => datatype == "BYTES" ? "false" : "0",
        JsonValueKind.Number when datatype == "BYTES" => value.GetRawText(),
        JsonValueKind.Number => Number(value.GetRawText(), datatype),
        _ => throw new FormatException($"{value.GetRawText()} is no {datatype}"),
    };

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>RFC 3339; a time without zone is UTC.</summary>
    public static bool TryTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    /// <summary>A moment as text or as Unix milliseconds.</summary>
    public static bool TryTime(JsonElement value, out DateTimeOffset time)
    {
        time = default;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var milliseconds))
        {
            time = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
            return true;
        }

        return value.ValueKind == JsonValueKind.String && TryTime(value.GetString()!, out time);
    }

    private static string Number(string text, string datatype)
    {
        if (datatype.Contains("INT", StringComparison.Ordinal) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return whole.ToString(CultureInfo.InvariantCulture);
        }

        if (datatype == "FP32")
        {
            var single = float.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
            return float.IsNaN(single) ? "" : single.ToString("R", CultureInfo.InvariantCulture);
        }

        var number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsNaN(number) ? "" : number.ToString("R", CultureInfo.InvariantCulture);
    }
}
