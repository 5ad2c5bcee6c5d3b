using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>How the types of the language, .NET's and the datatypes correspond.</summary>
public static class Types
{
    private static readonly Dictionary<Type, ColumnType> ByClr = new()
    {
        [typeof(bool)] = ColumnType.Bool,
        [typeof(long)] = ColumnType.Int,
        [typeof(double)] = ColumnType.Float,
        [typeof(string)] = ColumnType.Text,
        [typeof(Moment)] = ColumnType.Time,
        [typeof(long[])] = ColumnType.IntList,
        [typeof(double[])] = ColumnType.FloatList,
        [typeof(string[])] = ColumnType.TextList,
    };

    public static ColumnType Of<T>() => ByClr[typeof(T)];

    public static ColumnType Of(Datatype datatype) => datatype switch
    {
        Datatype.Bool => ColumnType.Bool,
        Datatype.Int32 or Datatype.Int64 => ColumnType.Int,
        Datatype.Fp32 or Datatype.Fp64 => ColumnType.Float,
        Datatype.Bytes => ColumnType.Text,
        Datatype.Timestamp => ColumnType.Time,
        Datatype.Int32List or Datatype.Int64List => ColumnType.IntList,
        Datatype.Fp32List or Datatype.Fp64List => ColumnType.FloatList,
        _ => ColumnType.TextList,
    };

    /// <summary>The name that messages use: that of the widest datatype.</summary>
    public static string Name(this ColumnType type) => type switch
    {
        ColumnType.Null => "null",
        ColumnType.Bool => "BOOL",
        ColumnType.Int => "INT64",
        ColumnType.Float => "FP64",
        ColumnType.Text => "BYTES",
        ColumnType.Time => "TIMESTAMP",
        ColumnType.IntList => "INT64[]",
        ColumnType.FloatList => "FP64[]",
        _ => "BYTES[]",
    };

    /// <summary>Whether a value of one type stands for another without a cast: the same, null for any, whole numbers for floating ones.</summary>
    public static bool Fits(ColumnType from, ColumnType to) =>
        from == to || from == ColumnType.Null || (from == ColumnType.Int && to == ColumnType.Float) || (from == ColumnType.IntList && to == ColumnType.FloatList);

    /// <summary>The type that both fit, or null.</summary>
    public static ColumnType? Common(ColumnType left, ColumnType right) => Fits(left, right) ? right : Fits(right, left) ? left : null;
}
