namespace MlSystem.FeatureStore.Definitions;

/// <summary>Datatypes of join keys and features: a subset of the Open Inference Protocol's. BYTES holds UTF-8 text.</summary>
public enum Datatype
{
    Bool,
    Int32,
    Int64,
    Fp32,
    Fp64,
    Bytes,
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
    };

    private static readonly Dictionary<Datatype, string> Names = ByName.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static string Allowed { get; } = string.Join(' ', ByName.Keys);

    public static bool TryParse(string? name, out Datatype datatype)
    {
        datatype = default;
        return name is not null && ByName.TryGetValue(name, out datatype);
    }

    public static string Name(this Datatype datatype) => Names[datatype];

    /// <summary>Whether the datatype can identify an entity: floating-point values can't.</summary>
    public static bool IsKey(this Datatype datatype) => datatype is not (Datatype.Fp32 or Datatype.Fp64);
}
