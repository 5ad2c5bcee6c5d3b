using System.Text.Json;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Reads a <c>parameters</c> object.</summary>
internal static class JsonParameters
{
    public static void Open(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw InferenceException.Invalid($"parameters must be an object (at byte {json.TokenStartIndex})");
        }
    }

    /// <summary>Advances to the next parameter's value.</summary>
    public static bool Next(ref Utf8JsonReader json, out string name)
    {
        name = "";
        if (!json.Read() || json.TokenType != JsonTokenType.PropertyName)
        {
            return false;
        }

        name = Known(ref json) ?? json.GetString()!;
        json.Read();
        return true;
    }

    /// <summary>The names that come with every binary request need no new string.</summary>
    private static string? Known(ref Utf8JsonReader json) =>
        json.ValueTextEquals("binary_data_size"u8) ? "binary_data_size"
        : json.ValueTextEquals("binary_data_output"u8) ? "binary_data_output"
        : json.ValueTextEquals("content_type"u8) ? "content_type"
        : null;

    public static bool Boolean(ref Utf8JsonReader json, string name) => json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw InferenceException.Invalid($"the parameter '{name}' must be true or false"),
    };

    /// <summary>A whole number from 0.</summary>
    public static long Whole(ref Utf8JsonReader json, string name, long max) =>
        json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var value) && value >= 0 && value <= max
            ? value
            : throw InferenceException.Invalid($"the parameter '{name}' must be a whole number from 0 to {max}");
}

/// <summary>Parameters of the whole request.</summary>
internal static class RequestParameters
{
    public static void Read(ref Utf8JsonReader json, InferenceCall call)
    {
        JsonParameters.Open(ref json);
        while (JsonParameters.Next(ref json, out var name))
        {
            switch (name)
            {
                case "timeout":
                    CallParameters.SetTimeout(call, JsonParameters.Whole(ref json, name, CallParameters.MaxTimeoutMicroseconds));
                    break;
                case "priority":
                    call.Priority = JsonParameters.Whole(ref json, name, long.MaxValue);
                    break;
                case "binary_data_output":
                    call.BinaryOutputs = JsonParameters.Boolean(ref json, name);
                    break;
                case var _ when call.Extra is { } extra && extra.TryRead(name, ref json):
                    break;
                default:
                    // What clients of other servers add by themselves is passed over, whatever its form.
                    CallParameters.CheckIgnorable(name);
                    json.Skip();
                    break;
            }
        }
    }
}

/// <summary>Parameters of one input.</summary>
internal static class InputParameters
{
    /// <returns>The input's <c>binary_data_size</c>, or null.</returns>
    public static int? Read(ref Utf8JsonReader json)
    {
        int? size = null;
        JsonParameters.Open(ref json);
        while (JsonParameters.Next(ref json, out var name))
        {
            if (name == "binary_data_size")
            {
                size = (int)JsonParameters.Whole(ref json, name, int.MaxValue);
            }
            else if (CallParameters.IsContentType(name))
            {
                json.Skip();
            }
            else
            {
                throw InferenceException.Invalid($"the input parameter '{name}' is not supported; supported is binary_data_size");
            }
        }

        return size;
    }
}
