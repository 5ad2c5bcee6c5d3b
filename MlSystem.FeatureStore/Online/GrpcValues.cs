using Google.Protobuf;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Online;

/// <summary>Typed value columns of the gRPC answer.</summary>
internal static class GrpcValues
{
    public static Column Empty(string name, Datatype datatype, int capacity)
    {
        var column = new Column { Name = name };
        switch (datatype)
        {
            case Datatype.Bool:
                (column.Bools = new BoolValues()).Values.Capacity = capacity;
                break;
            case Datatype.Int32:
                (column.Int32S = new Int32Values()).Values.Capacity = capacity;
                break;
            case Datatype.Int64 or Datatype.Timestamp:
                (column.Int64S = new Int64Values()).Values.Capacity = capacity;
                break;
            case Datatype.Fp32:
                (column.Fp32S = new FloatValues()).Values.Capacity = capacity;
                break;
            case Datatype.Fp64:
                (column.Fp64S = new DoubleValues()).Values.Capacity = capacity;
                break;
            case Datatype.Bytes:
                (column.Bytes = new BytesValues()).Values.Capacity = capacity;
                break;
            default:
                column.Lists = GrpcLists.Empty(datatype, capacity);
                break;
        }

        return column;
    }

    public static void Add(Column column, Datatype datatype, bool hasValue, PackedRow row, int feature)
    {
        switch (datatype)
        {
            case Datatype.Bool:
                column.Bools.Values.Add(hasValue && row.Bool(feature));
                break;
            case Datatype.Int32:
                column.Int32S.Values.Add(hasValue ? row.Int32(feature) : 0);
                break;
            case Datatype.Int64 or Datatype.Timestamp:
                column.Int64S.Values.Add(hasValue ? row.Int64(feature) : 0);
                break;
            case Datatype.Fp32:
                column.Fp32S.Values.Add(hasValue ? row.Fp32(feature) : float.NaN);
                break;
            case Datatype.Fp64:
                column.Fp64S.Values.Add(hasValue ? row.Fp64(feature) : double.NaN);
                break;
            case >= Datatype.Int32List:
                GrpcLists.Add(column.Lists, datatype, hasValue, row, feature);
                break;
            default:
                column.Bytes.Values.Add(hasValue ? ByteString.CopyFrom(row.Text(feature)) : ByteString.Empty);
                break;
        }
    }

    /// <summary>Adds a computed value.</summary>
    public static void Add(Column column, Datatype datatype, in FeatureValue value)
    {
        switch (datatype)
        {
            case Datatype.Bool:
                column.Bools.Values.Add(value.AsBool);
                break;
            case Datatype.Int32:
                column.Int32S.Values.Add(value.AsInt32);
                break;
            case Datatype.Int64 or Datatype.Timestamp:
                column.Int64S.Values.Add(value.AsInt64);
                break;
            case Datatype.Fp32:
                column.Fp32S.Values.Add(value.HasValue ? value.AsFp32 : float.NaN);
                break;
            case Datatype.Fp64:
                column.Fp64S.Values.Add(value.HasValue ? value.AsFp64 : double.NaN);
                break;
            case >= Datatype.Int32List:
                GrpcLists.Add(column.Lists, value.List);
                break;
            default:
                column.Bytes.Values.Add(value.Text is { } text ? ByteString.CopyFromUtf8(text) : ByteString.Empty);
                break;
        }
    }
}
