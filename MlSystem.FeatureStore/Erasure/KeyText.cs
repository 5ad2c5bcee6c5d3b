using System.Globalization;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>A join key's value as text, the same as DuckDB's cast.</summary>
internal static class KeyText
{
    public static string Of(Datatype datatype, in FeatureValue value) => datatype switch
    {
        Datatype.Bytes => value.Text!,
        Datatype.Bool => value.AsBool ? "true" : "false",
        _ => value.AsInt64.ToString(CultureInfo.InvariantCulture),
    };
}
