namespace MlSystem.FeatureStore.Definitions;

/// <summary>
/// Datatypes of join keys and features: a subset of the Open Inference Protocol's, times, and lists. BYTES holds UTF-8 text, TIMESTAMP
/// microseconds since 1970-01-01T00:00:00Z. A list has no null elements and any length, also 0.
/// </summary>
public enum Datatype
{
    Bool,
    Int32,
    Int64,
    Fp32,
    Fp64,
    Bytes,
    Timestamp,
    Int32List,
    Int64List,
    Fp32List,
    Fp64List,
    BytesList,
}

/// <summary>Names of <see cref="Datatype"/> as they stand in definitions and answers.</summary>
public static class Datatypes
{
    private static readonly Dictionary<string, Datatype> ByName = new(StringComparer.Ordinal)
    {
        ["BOOL"] = Datatype.Bool,
        ["INT32"] = Datatype.Int32,
        ["INT64"] = Datatype.Int64,
        ["FP32"] = Datatype.Fp32,
        ["FP64"] = Datatype.Fp64,
        ["BYTES"] = Datatype.Bytes,
        ["TIMESTAMP"] = Datatype.Timestamp,
        ["INT32[]"] = Datatype.Int32List,
        ["INT64[]"] = Datatype.Int64List,
        ["FP32[]"] = Datatype.Fp32List,
        ["FP64[]"] = Datatype.Fp64List,
        ["BYTES[]"] = Datatype.BytesList,
    };

    private static readonly Dictionary<Datatype, string> Names = ByName.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static string Allowed { get; } = string.Join(' ', ByName.Keys);

    public static bool TryParse(string? name, out Datatype datatype)
    {
        datatype = default;
        return name is not null && ByName.TryGetValue(name, out datatype);
    }

    public static string Name(this Datatype datatype) => Names[datatype];

    /// <summary>Whether the datatype can identify an entity: BOOL INT32 INT64 BYTES.</summary>
    public static bool IsKey(this Datatype datatype) => datatype is Datatype.Bool or Datatype.Int32 or Datatype.Int64 or Datatype.Bytes;

    public static bool IsNumber(this Datatype datatype) => datatype is Datatype.Int32 or Datatype.Int64 or Datatype.Fp32 or Datatype.Fp64;

    public static bool IsList(this Datatype datatype) => datatype >= Datatype.Int32List;

    /// <summary>The datatype of a list's elements, or the scalar datatype itself.</summary>
    public static Datatype Element(this Datatype datatype) => datatype switch
    {
        Datatype.Int32List => Datatype.Int32,
        Datatype.Int64List => Datatype.Int64,
        Datatype.Fp32List => Datatype.Fp32,
        Datatype.Fp64List => Datatype.Fp64,
        Datatype.BytesList => Datatype.Bytes,
        _ => datatype,
    };
}
