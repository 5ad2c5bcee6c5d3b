using Microsoft.ML.Data;

namespace MlSystem.MlNet;

/// <summary>ML.NET's column types and the protocol's datatypes.</summary>
internal static class ColumnTypes
{
    private static readonly Dictionary<Type, string> Datatypes = new()
    {
        [typeof(bool)] = "BOOL",
        [typeof(byte)] = "UINT8",
        [typeof(ushort)] = "UINT16",
        [typeof(uint)] = "UINT32",
        [typeof(ulong)] = "UINT64",
        [typeof(sbyte)] = "INT8",
        [typeof(short)] = "INT16",
        [typeof(int)] = "INT32",
        [typeof(long)] = "INT64",
        [typeof(float)] = "FP32",
        [typeof(double)] = "FP64",
        [typeof(ReadOnlyMemory<char>)] = "BYTES",
    };

    /// <summary>The item type of a vector, else the type itself.</summary>
    public static DataViewType Item(DataViewType type) => type is VectorDataViewType vector ? vector.ItemType : type;

    /// <summary>Null for a type that the protocol has no name for.</summary>
    public static string? Datatype(DataViewType type) => Datatypes.GetValueOrDefault(Item(type).RawType);

    public static long[] Shape(DataViewType type, bool isInput) =>
        type is VectorDataViewType vector ? [-1, vector.Size > 0 ? vector.Size : -1] : isInput ? [-1, 1] : [-1];

    /// <summary>Calls a generic method for a column's item type.</summary>
    public static TResult For<TResult>(DataViewType type, IItemFunction<TResult> function) => Item(type).RawType switch
    {
        var t when t == typeof(bool) => function.Call<bool>(),
        var t when t == typeof(byte) => function.Call<byte>(),
        var t when t == typeof(ushort) => function.Call<ushort>(),
        var t when t == typeof(uint) => function.Call<uint>(),
        var t when t == typeof(ulong) => function.Call<ulong>(),
        var t when t == typeof(sbyte) => function.Call<sbyte>(),
        var t when t == typeof(short) => function.Call<short>(),
        var t when t == typeof(int) => function.Call<int>(),
        var t when t == typeof(long) => function.Call<long>(),
        var t when t == typeof(float) => function.Call<float>(),
        var t when t == typeof(double) => function.Call<double>(),
        _ => throw new MlNetModelException($"columns of type {type} have no counterpart in the protocol"),
    };
}

/// <summary>A function over the item type of a column.</summary>
internal interface IItemFunction<out TResult>
{
    TResult Call<T>()
        where T : unmanaged;
}
