using System.Globalization;
using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online;

/// <summary>
/// Keys of the online store, readable with redis-cli: <c>fs:{view}:{key}</c>, several join keys joined by <c>|</c>
/// (inside a text <c>\</c> and <c>|</c> are escaped by <c>\</c>, so no two entities share a key).
/// </summary>
public static class OnlineKey
{
    public const string Prefix = "fs:";

    public static string Entity(IReadOnlyList<Field> joinKeys, ReadOnlySpan<FeatureValue> keys)
    {
        if (keys.Length == 1)
        {
            return Escape(Text(joinKeys[0].Datatype, keys[0]));
        }

        var text = new StringBuilder();
        for (var i = 0; i < keys.Length; i++)
        {
            text.Append(i == 0 ? "" : "|").Append(Escape(Text(joinKeys[i].Datatype, keys[i])));
        }

        return text.ToString();
    }

    public static string Of(FeatureRow row) => string.Concat(Prefix, row.View.Name, ":", Entity(row.View.JoinKeys, row.Keys));

    public static string Of(FeatureView view, ReadOnlySpan<FeatureValue> keys) => string.Concat(Prefix, view.Name, ":", Entity(view.JoinKeys, keys));

    private static string Text(Datatype datatype, in FeatureValue value) => datatype switch
    {
        Datatype.Bytes => value.Text!,
        Datatype.Bool => value.AsBool ? "true" : "false",
        _ => value.AsInt64.ToString(CultureInfo.InvariantCulture),
    };

    private static string Escape(string text) =>
        text.AsSpan().IndexOfAny('\\', '|') < 0 ? text : text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);
}
