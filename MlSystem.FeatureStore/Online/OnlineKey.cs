using System.Globalization;
using System.Text;
using System.Text.Unicode;
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

    /// <summary>Names are at most 100 characters long.</summary>
    private const int StackBytes = 160;

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

    /// <summary>The same, as the server's bytes.</summary>
    public static byte[] BytesOf(FeatureView view, ReadOnlySpan<FeatureValue> keys)
    {
        Span<byte> key = stackalloc byte[StackBytes];
        if (keys.Length != 1 || view.JoinKeys[0].Datatype is not (Datatype.Int32 or Datatype.Int64)
            || !Utf8.TryWrite(key, CultureInfo.InvariantCulture, $"{Prefix}{view.Name}:{keys[0].AsInt64}", out var written))
        {
            return Encoding.UTF8.GetBytes(Of(view, keys));
        }

        return key[..written].ToArray();
    }

    private static string Text(Datatype datatype, in FeatureValue value) => datatype switch
    {
        Datatype.Bytes => value.Text!,
        Datatype.Bool => value.AsBool ? "true" : "false",
        _ => value.AsInt64.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The texts of a key's join keys.</summary>
    public static IReadOnlyList<string> Split(ReadOnlySpan<char> entity)
    {
        var texts = new List<string>();
        var text = new StringBuilder();
        for (var i = 0; i < entity.Length; i++)
        {
            if (entity[i] == '|')
            {
                texts.Add(text.ToString());
                text.Clear();
            }
            else
            {
                text.Append(entity[i] == '\\' && i + 1 < entity.Length ? entity[++i] : entity[i]);
            }
        }

        texts.Add(text.ToString());
        return texts;
    }

    private static string Escape(string text) =>
        text.AsSpan().IndexOfAny('\\', '|') < 0 ? text : text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);
}
