using System.Collections.Frozen;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Online.Packing;

/// <summary>
/// How one version of a view packs a row into one value of the online store:
/// <code>
///  0  event time    8 bytes, big-endian, sign bit flipped: bytes compare as times do (the store's script relies on it)
///  8  created time  8 bytes, the same
/// 16  view version  4 bytes, little-endian (as all below)
/// 20  null bits     1 bit a feature
///     slots         BOOL 1, INT32 and FP32 4, INT64, FP64 and TIMESTAMP 8 bytes, BYTES and lists 4: where their part of the tail ends
///     tail          UTF-8 texts and the elements of lists one behind the other (a text in a list: its length in 4 bytes, then its UTF-8)
/// </code>
/// Every value is found without reading the others.
/// </summary>
public sealed class PackedLayout
{
    public const int VersionOffset = 16;
    public const int NullsOffset = 20;

    private readonly FrozenDictionary<string, int> _index;

    public PackedLayout(int version, IReadOnlyList<Field> features)
    {
        Version = version;
        Features = features;
        SlotOffsets = new int[features.Count];
        PreviousTail = new int[features.Count];
        var offset = NullsOffset + ((features.Count + 7) / 8);
        var previous = -1;
        for (var i = 0; i < features.Count; i++)
        {
            SlotOffsets[i] = offset;
            PreviousTail[i] = previous;
            previous = HasTail(features[i].Datatype) ? offset : previous;
            offset += Width(features[i].Datatype);
        }

        TailOffset = offset;
        _index = features.Select((field, index) => (field.Name, index)).ToFrozenDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);
    }

    /// <summary>The view's version.</summary>
    public int Version { get; }

    public IReadOnlyList<Field> Features { get; }

    /// <summary>Where the tail begins; also the size of a row without texts and elements.</summary>
    public int TailOffset { get; }

    /// <summary>Byte offset of each feature's slot.</summary>
    internal int[] SlotOffsets { get; }

    /// <summary>For each feature the slot offset of the one before it that has a part of the tail, or -1.</summary>
    internal int[] PreviousTail { get; }

    public int IndexOf(string feature) => _index.TryGetValue(feature, out var index) ? index : -1;

    internal static bool HasTail(Datatype datatype) => datatype == Datatype.Bytes || datatype.IsList();

    private static int Width(Datatype datatype) => datatype switch
    {
        Datatype.Bool => 1,
        Datatype.Int64 or Datatype.Fp64 or Datatype.Timestamp => 8,
        _ => 4,
    };
}
