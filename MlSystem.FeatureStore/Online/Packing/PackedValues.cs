using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online.Packing;

/// <summary>Takes values out of packed rows.</summary>
internal static class PackedValues
{
    public static FeatureValue Read(PackedRow row, Datatype datatype, int feature) => datatype switch
    {
        Datatype.Bool => FeatureValue.Of(row.Bool(feature)),
        Datatype.Int32 => FeatureValue.Of((long)row.Int32(feature)),
        Datatype.Int64 or Datatype.Timestamp => FeatureValue.Of(row.Int64(feature)),
        Datatype.Fp32 => FeatureValue.Of((double)row.Fp32(feature)),
        Datatype.Fp64 => FeatureValue.Of(row.Fp64(feature)),
        Datatype.Bytes => FeatureValue.Of(Encoding.UTF8.GetString(row.Text(feature))),
        Datatype.Int32List => FeatureValue.Of(row.Elements<int>(feature).ToArray()),
        Datatype.Int64List => FeatureValue.Of(row.Elements<long>(feature).ToArray()),
        Datatype.Fp32List => FeatureValue.Of(row.Elements<float>(feature).ToArray()),
        Datatype.Fp64List => FeatureValue.Of(row.Elements<double>(feature).ToArray()),
        _ => FeatureValue.Of(Texts(row.Texts(feature))),
    };

    private static string[] Texts(PackedTexts texts)
    {
        var read = new List<string>();
        foreach (var text in texts)
        {
            read.Add(Encoding.UTF8.GetString(text));
        }

        return [.. read];
    }
}
