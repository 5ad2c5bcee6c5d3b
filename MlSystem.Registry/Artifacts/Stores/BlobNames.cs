using System.Buffers;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Names of blobs in stores that are not ours alone.</summary>
internal static class BlobNames
{
    private const int HashLength = 64;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    /// <summary>The hash that a name behind its prefix is; null for what is no blob.</summary>
    public static string? Hash(string name, int prefixLength) =>
        name.Length - prefixLength == HashLength && name.AsSpan(prefixLength).IndexOfAnyExcept(Digits) < 0 ? name[prefixLength..] : null;

    public static FileNotFoundException Missing(string sha256, Exception? inner = null) => new($"There is no blob {sha256}.", inner);
}
