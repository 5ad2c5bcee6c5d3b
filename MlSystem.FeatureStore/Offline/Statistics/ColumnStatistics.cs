using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Offline.Statistics;

/// <summary>
/// What is known of a feature's values in some rows. Numbers have <see cref="Min"/>, <see cref="Max"/> and <see cref="Sum"/> (BOOL counts as 0 and 1, so
/// that the mean is the share of true; INT64 beyond 2^53 is rounded), BYTES have <see cref="MinText"/> and <see cref="MaxText"/> (by UTF-8 bytes, the first 100 characters).
/// </summary>
public sealed record ColumnStatistics
{
    /// <summary>Rows without a value.</summary>
    public long Nulls { get; init; }

    /// <summary>Rows with a value.</summary>
    public long Count { get; init; }

    public double? Min { get; init; }

    public double? Max { get; init; }

    public double? Sum { get; init; }

    public string? MinText { get; init; }

    public string? MaxText { get; init; }

    [JsonIgnore]
    public double? Mean => Sum is { } sum && Count > 0 ? sum / Count : null;

    /// <summary>Of a sensitive column only the counts.</summary>
    public ColumnStatistics For(FeatureView view, string column) => view.IsSensitive(column) ? new ColumnStatistics { Nulls = Nulls, Count = Count } : this;

    /// <summary>The statistics of both rows together.</summary>
    public ColumnStatistics With(ColumnStatistics other) => new()
    {
        Nulls = Nulls + other.Nulls,
        Count = Count + other.Count,
        Min = Either(Min, other.Min, Math.Min),
        Max = Either(Max, other.Max, Math.Max),
        Sum = Either(Sum, other.Sum, (a, b) => a + b),
        MinText = Either(MinText, other.MinText, least: true),
        MaxText = Either(MaxText, other.MaxText, least: false),
    };

    private static double? Either(double? a, double? b, Func<double, double, double> choose) => a is { } x && b is { } y ? choose(x, y) : a ?? b;

    private static string? Either(string? a, string? b, bool least) =>
        a is null || b is null ? a ?? b : Utf8Order.Compare(a, b) < 0 == least ? a : b;
}

/// <summary>The order of UTF-8 bytes, which is DuckDB's and Parquet's order of text.</summary>
internal static class Utf8Order
{
    /// <summary>UTF-16 code units order as UTF-8 bytes do, but for surrogates, which stand for the greatest code points.</summary>
    public static int Compare(string a, string b)
    {
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
            {
                return (char.IsSurrogate(a[i]), a[i]).CompareTo((char.IsSurrogate(b[i]), b[i]));
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    /// <summary>A text's beginning, without half a character at its end.</summary>
    public static string Short(string text) =>
        text.Length <= 100 ? text : text[..(char.IsHighSurrogate(text[99]) ? 99 : 100)];
}

/// <summary>JSON of a file's statistics in the manifest.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Dictionary<string, ColumnStatistics>))]
internal sealed partial class StatisticsJson : JsonSerializerContext
{
    public static string Text(Dictionary<string, ColumnStatistics> columns) => JsonSerializer.Serialize(columns, Default.DictionaryStringColumnStatistics);

    public static Dictionary<string, ColumnStatistics> Read(string text) => JsonSerializer.Deserialize(text, Default.DictionaryStringColumnStatistics) ?? [];
}
