using System.Globalization;
using System.Text;
using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>Text: positions count UTF-16 units from 0, comparison is ordinal, case follows the invariant culture.</summary>
internal static class TextFunctions
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    public static IReadOnlyList<(string Name, Overload Overload)> All { get; } =
    [
        ("length", Overload.Of<string, long>(text => text.Length)),
        ("lower", Overload.Of<string, string>(text => text.ToLowerInvariant())),
        ("upper", Overload.Of<string, string>(text => text.ToUpperInvariant())),
        ("trim", Overload.Of<string, string>(text => text.Trim())),
        ("concat", Overload.Of<string, string, string>((a, b) => a + b)),
        ("substring", Overload.Of<string, long, string>((text, start) => Substring(text, start, long.MaxValue))),
        ("substring", Overload.Of<string, long, long, string>(Substring)),
        ("starts_with", Overload.Of<string, string, bool>((text, part) => text.StartsWith(part, StringComparison.Ordinal))),
        ("ends_with", Overload.Of<string, string, bool>((text, part) => text.EndsWith(part, StringComparison.Ordinal))),
        ("contains", Overload.Of<string, string, bool>((text, part) => text.Contains(part, StringComparison.Ordinal))),
        ("index_of", Overload.Of<string, string, long>((text, part) => text.IndexOf(part, StringComparison.Ordinal))),
        ("replace", Overload.Of<string, string, string, string>((text, old, replacement) => old.Length == 0 ? text : text.Replace(old, replacement, StringComparison.Ordinal))),
        ("split_part", Overload.Of<string, string, long, string>(SplitPart)),
        ("hash_bucket", Overload.Of<string, long, long>(HashBucket)),
        ("hash_bucket", Overload.Of<long, long, long>((number, buckets) => HashBucket(number.ToString(CultureInfo.InvariantCulture), buckets))),
    ];

    /// <summary>What lies outside of the text is left out.</summary>
    private static Maybe<string> Substring(string text, long start, long length)
    {
        if (start < 0 || length < 0)
        {
            return Maybe<string>.None;
        }

        var from = (int)Math.Min(start, text.Length);
        return text.Substring(from, (int)Math.Min(length, text.Length - from));
    }

    private static Maybe<string> SplitPart(string text, string separator, long index)
    {
        if (separator.Length == 0 || index < 0)
        {
            return Maybe<string>.None;
        }

        var parts = text.Split(separator);
        return index < parts.Length ? parts[index] : Maybe<string>.None;
    }

    /// <summary>FNV-1a (64 bits) of the UTF-8 form modulo the number of buckets: the same on every machine and for ever.</summary>
    private static Maybe<long> HashBucket(string text, long buckets)
    {
        if (buckets < 1)
        {
            return Maybe<long>.None;
        }

        var hash = FnvOffset;
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            hash = unchecked((hash ^ unit) * FnvPrime);
        }

        return (long)(hash % (ulong)buckets);
    }
}
