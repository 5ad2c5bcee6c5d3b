using Google.Protobuf;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Online;

/// <summary>Lists in the gRPC answer: the elements of all rows one behind the other, and how many each row has.</summary>
internal static class GrpcLists
{
    public static ListValues Empty(Datatype datatype, int capacity)
    {
        var lists = datatype.Element() switch
        {
            Datatype.Int32 => new ListValues { Int32S = new Int32Values() },
            Datatype.Int64 => new ListValues { Int64S = new Int64Values() },
            Datatype.Fp32 => new ListValues { Fp32S = new FloatValues() },
            Datatype.Fp64 => new ListValues { Fp64S = new DoubleValues() },
            _ => new ListValues { Bytes = new BytesValues() },
        };
        lists.Lengths.Capacity = capacity;
        return lists;
    }

    public static void Add(ListValues lists, Datatype datatype, bool hasValue, PackedRow row, int feature)
    {
        if (!hasValue)
        {
            lists.Lengths.Add(0);
            return;
        }

        switch (datatype.Element())
        {
            case Datatype.Int32:
                Add(lists, lists.Int32S.Values, row.Elements<int>(feature));
                break;
            case Datatype.Int64:
                Add(lists, lists.Int64S.Values, row.Elements<long>(feature));
                break;
            case Datatype.Fp32:
                Add(lists, lists.Fp32S.Values, row.Elements<float>(feature));
                break;
            case Datatype.Fp64:
                Add(lists, lists.Fp64S.Values, row.Elements<double>(feature));
                break;
            default:
                var before = lists.Bytes.Values.Count;
                foreach (var text in row.Texts(feature))
                {
                    lists.Bytes.Values.Add(ByteString.CopyFrom(text));
                }

                lists.Lengths.Add(lists.Bytes.Values.Count - before);
                break;
        }
    }

    /// <param name="list">Null: there is no value.</param>
    public static void Add(ListValues lists, Array? list)
    {
        switch (list)
        {
            case null:
                lists.Lengths.Add(0);
                break;
            case int[] elements:
                Add<int>(lists, lists.Int32S.Values, elements);
                break;
            case long[] elements:
                Add<long>(lists, lists.Int64S.Values, elements);
                break;
            case float[] elements:
                Add<float>(lists, lists.Fp32S.Values, elements);
                break;
            case double[] elements:
                Add<double>(lists, lists.Fp64S.Values, elements);
                break;
            case string[] elements:
                Add<ByteString>(lists, lists.Bytes.Values, Array.ConvertAll(elements, ByteString.CopyFromUtf8));
                break;
        }
    }

    /// <summary>Lists that came with a request.</summary>
    public static FeatureValue[] Read(Column column, Definitions.Field field, IReadOnlyList<bool> nulls, List<string> mistakes)
    {
        Array? elements = (field.Datatype.Element(), column.Lists?.ElementsCase) switch
        {
            (Datatype.Int32, ListValues.ElementsOneofCase.Int32S) => column.Lists!.Int32S.Values.ToArray(),
            (Datatype.Int64, ListValues.ElementsOneofCase.Int64S) => column.Lists!.Int64S.Values.ToArray(),
            (Datatype.Fp32, ListValues.ElementsOneofCase.Fp32S) => column.Lists!.Fp32S.Values.ToArray(),
            (Datatype.Fp64, ListValues.ElementsOneofCase.Fp64S) => column.Lists!.Fp64S.Values.ToArray(),
            (Datatype.Bytes, ListValues.ElementsOneofCase.Bytes) => column.Lists!.Bytes.Values.Select(text => text.ToStringUtf8()).ToArray(),
            _ => null,
        };
        if (elements is null || column.Lists!.Lengths.Any(length => length < 0) || column.Lists.Lengths.Sum(length => (long)length) != elements.Length)
        {
            mistakes.Add($"request column '{field.Name}' is not {field.Datatype.Name()}: lists with lengths that add up to the elements are required");
            return [];
        }

        var values = new FeatureValue[column.Lists.Lengths.Count];
        var start = 0;
        for (var row = 0; row < values.Length; row++)
        {
            var length = column.Lists.Lengths[row];
            var list = Array.CreateInstance(elements.GetType().GetElementType()!, length);
            Array.Copy(elements, start, list, 0, length);
            values[row] = row < nulls.Count && nulls[row] ? FeatureValue.Missing : FeatureValue.Of(list);
            start += length;
        }

        return values;
    }

    private static void Add<T>(ListValues lists, Google.Protobuf.Collections.RepeatedField<T> target, ReadOnlySpan<T> elements)
    {
        lists.Lengths.Add(elements.Length);
        target.AddRange(elements);
    }
}
