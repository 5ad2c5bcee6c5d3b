using System.Text.Json;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Reads lists from JSON arrays.</summary>
internal static class ListReader
{
    /// <returns>What is wrong, or null.</returns>
    public static string? FromJson(Datatype datatype, JsonElement json, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        return datatype.Element() switch
        {
            Datatype.Int32 => Read(datatype, json, element => element.AsInt32, out value),
            Datatype.Int64 => Read(datatype, json, element => element.AsInt64, out value),
            Datatype.Fp32 => Read(datatype, json, element => element.AsFp32, out value),
            Datatype.Fp64 => Read(datatype, json, element => element.AsFp64, out value),
            _ => Read(datatype, json, element => element.Text!, out value),
        };
    }

    /// <summary>Reads a JSON array from text, for instance from a CSV cell.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? FromText(Datatype datatype, string text, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Null ? null
                : document.RootElement.ValueKind == JsonValueKind.Array ? FromJson(datatype, document.RootElement, out value)
                : $"a list is written as a JSON array, for instance {(datatype == Datatype.BytesList ? "[\"a\",\"b\"]" : "[1,2]")}";
        }
        catch (JsonException)
        {
            return $"a list is written as a JSON array, for instance {(datatype == Datatype.BytesList ? "[\"a\",\"b\"]" : "[1,2]")}";
        }
    }

    private static string? Read<T>(Datatype datatype, JsonElement json, Func<FeatureValue, T> read, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        var elements = new T[json.GetArrayLength()];
        var i = 0;
        foreach (var item in json.EnumerateArray())
        {
            var error = ValueReader.FromJson(datatype.Element(), item, out var element);
            if (error is not null || !element.HasValue)
            {
                return $"element {i}: {error ?? "a list has no null elements"}";
            }

            elements[i++] = read(element);
        }

        value = FeatureValue.Of(elements);
        return null;
    }
}
