using System.Buffers;
using System.Text;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Values in one form, so that what online served and what offline has can be compared, hashed or not.</summary>
internal static class ValueText
{
    public static string Of(Datatype datatype, in FeatureValue value)
    {
        var buffer = new ArrayBufferWriter<byte>(32);
        using (var json = new Utf8JsonWriter(buffer))
        {
            JsonValues.Write(json, datatype, value);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
