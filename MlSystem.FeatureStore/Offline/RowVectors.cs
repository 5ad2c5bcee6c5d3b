using System.Buffers.Binary;
using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Online.Packing;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// Packs rows straight out of DuckDB's vectors, a column at a time: rows that were made of single values first cost the client more than the server.
/// Lists are not vectors of values: views that have them are read cell by cell.
/// </summary>
internal static class RowVectors
{
    public static bool CanRead(FeatureView view) => !view.Features.Any(feature => feature.Datatype.IsList());

    /// <summary>Adds the rows of a chunk whose columns are the join keys, the features, event time and created time.</summary>
    public static void Add(ChunkStream chunk, FeatureView view, List<OnlineRow> rows)
    {
        var columns = Enumerable.Range(0, view.JoinKeys.Count + view.Features.Count + 2).Select(chunk.Vector).ToArray();
        var keys = columns.AsSpan(0, view.JoinKeys.Count);
        var features = columns.AsSpan(view.JoinKeys.Count, view.Features.Count);
        var events = columns[^2].Values<long>(chunk.Size);
        var created = columns[^1].Values<long>(chunk.Size);
        var packed = new byte[chunk.Size][];
        var key = new FeatureValue[keys.Length];
        for (var row = 0; row < packed.Length; row++)
        {
            packed[row] = new byte[view.Layout.TailOffset + TailBytes(view.Layout, features, row)];
            RowPacker.WriteHead(packed[row], view.Layout, events[row], created[row]);
            for (var i = 0; i < keys.Length; i++)
            {
                key[i] = Key(keys[i], view.JoinKeys[i].Datatype, row, chunk.Size);
            }

            rows.Add(new OnlineRow(view, OnlineKey.BytesOf(view, key), packed[row]));
        }

        for (var feature = 0; feature < features.Length; feature++)
        {
            Fill(packed, view.Layout, feature, features[feature]);
        }
    }

    private static int TailBytes(PackedLayout layout, ReadOnlySpan<DuckVector> features, int row)
    {
        var bytes = 0;
        for (var i = 0; i < features.Length; i++)
        {
            bytes += PackedLayout.HasTail(layout.Features[i].Datatype) && !features[i].IsNull(row) ? features[i].Text(row).Length : 0;
        }

        return bytes;
    }

    private static void Fill(byte[][] packed, PackedLayout layout, int feature, DuckVector vector)
    {
        var slot = layout.SlotOffsets[feature];
        for (var row = 0; row < packed.Length; row++)
        {
            var bytes = packed[row].AsSpan();
            var isNull = vector.IsNull(row);
            if (isNull)
            {
                RowPacker.SetNull(bytes, feature);
            }

            if (PackedLayout.HasTail(layout.Features[feature].Datatype))
            {
                FillText(bytes, layout, feature, isNull ? default : vector.Text(row));
            }
            else if (!isNull)
            {
                FillNumber(bytes[slot..], layout.Features[feature].Datatype, vector, row, packed.Length);
            }
        }
    }

    private static void FillNumber(Span<byte> slot, Datatype datatype, DuckVector vector, int row, int size)
    {
        switch (datatype)
        {
            case Datatype.Bool:
                slot[0] = vector.Values<byte>(size)[row] != 0 ? (byte)1 : (byte)0;
                break;
            case Datatype.Int32 or Datatype.Fp32:
                BinaryPrimitives.WriteInt32LittleEndian(slot, vector.Values<int>(size)[row]);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(slot, vector.Values<long>(size)[row]);
                break;
        }
    }

    private static void FillText(Span<byte> bytes, PackedLayout layout, int feature, ReadOnlySpan<byte> text)
    {
        var start = layout.PreviousTail[feature] is >= 0 and var previous ? BinaryPrimitives.ReadInt32LittleEndian(bytes[previous..]) : 0;
        text.CopyTo(bytes[(layout.TailOffset + start)..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[layout.SlotOffsets[feature]..], start + text.Length);
    }

    private static FeatureValue Key(DuckVector vector, Datatype datatype, int row, int size) => datatype switch
    {
        Datatype.Bool => FeatureValue.Of(vector.Values<byte>(size)[row] != 0),
        Datatype.Int32 => FeatureValue.Of((long)vector.Values<int>(size)[row]),
        Datatype.Int64 or Datatype.Timestamp => FeatureValue.Of(vector.Values<long>(size)[row]),
        _ => FeatureValue.Of(Encoding.UTF8.GetString(vector.Text(row))),
    };
}
