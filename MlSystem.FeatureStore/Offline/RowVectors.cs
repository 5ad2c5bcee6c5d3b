using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Rows out of DuckDB's vectors, a column at a time. Lists are not vectors of values: views that have them are read cell by cell.</summary>
internal static class RowVectors
{
    public static bool CanRead(FeatureView view) => !view.Features.Any(feature => feature.Datatype.IsList());

    /// <summary>Adds the rows of a chunk whose columns are the join keys, the features, event time and created time.</summary>
    public static void Add(ChunkStream chunk, FeatureView view, List<FeatureRow> rows)
    {
        var (keys, values) = (view.JoinKeys.Count, view.Features.Count);
        var first = rows.Count;
        var events = chunk.Vector(keys + values).Values<long>(chunk.Size);
        var created = chunk.Vector(keys + values + 1).Values<long>(chunk.Size);
        for (var i = 0; i < chunk.Size; i++)
        {
            rows.Add(new FeatureRow { View = view, Keys = new FeatureValue[keys], Values = new FeatureValue[values], EventUs = events[i], CreatedUs = created[i], Online = true });
        }

        for (var column = 0; column < keys + values; column++)
        {
            var isKey = column < keys;
            var (datatype, at) = isKey ? (view.JoinKeys[column].Datatype, column) : (view.Features[column - keys].Datatype, column - keys);
            var vector = chunk.Vector(column);
            for (var i = 0; i < chunk.Size; i++)
            {
                if (!vector.IsNull(i))
                {
                    var row = rows[first + i];
                    (isKey ? row.Keys : row.Values)[at] = Value(vector, datatype, i, chunk.Size);
                }
            }
        }
    }

    private static FeatureValue Value(DuckVector vector, Datatype datatype, int row, int size) => datatype switch
    {
        Datatype.Bool => FeatureValue.Of(vector.Values<byte>(size)[row] != 0),
        Datatype.Int32 => FeatureValue.Of((long)vector.Values<int>(size)[row]),
        Datatype.Int64 or Datatype.Timestamp => FeatureValue.Of(vector.Values<long>(size)[row]),
        Datatype.Fp32 => FeatureValue.Of((double)vector.Values<float>(size)[row]),
        Datatype.Fp64 => FeatureValue.Of(vector.Values<double>(size)[row]),
        _ => FeatureValue.Of(Encoding.UTF8.GetString(vector.Text(row))),
    };
}
