using System.Globalization;
using System.Text;
using System.Buffers.Text;

namespace MlSystem.Monitor.History;

/// <summary>Which part of an endpoint's history is asked for.</summary>
/// <param name="From">First prediction time, inclusive.</param>
/// <param name="To">Last prediction time, exclusive.</param>
/// <param name="Labelled">Only predictions with a label.</param>
internal sealed record HistoryQuery(string Endpoint, DateTimeOffset? From, DateTimeOffset? To, bool Labelled);

/// <summary>Where a page continues: behind this prediction. Opaque to clients.</summary>
internal sealed record HistoryCursor(long TimeMicroseconds, string PredictionId)
{
    public string Encode() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{TimeMicroseconds}|{PredictionId}")));

    /// <summary>Null when the text is not one that a page gave.</summary>
    public static HistoryCursor? Decode(string text)
    {
        if (!Base64Url.IsValid(text))
        {
            return null;
        }

        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('|', 2);
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var time) ? new HistoryCursor(time, parts[1]) : null;
    }
}
