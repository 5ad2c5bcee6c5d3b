using System.Text.Json;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>The <c>outputs</c> of a request.</summary>
internal static class RequestedOutputs
{
    /// <summary>Reads the object that begins at the reader's token.</summary>
    public static (string Name, bool? Binary) Read(ref Utf8JsonReader json)
    {
        string? name = null;
        bool? binary = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("name"u8))
            {
                json.Read();
                name = json.TokenType == JsonTokenType.String ? json.GetString() : throw InferenceException.Invalid("an output's name must be a string");
            }
            else if (json.ValueTextEquals("parameters"u8))
            {
                binary = ReadParameters(ref json);
            }
            else
            {
                throw InferenceException.Invalid($"outputs: the field '{json.GetString()}' is unknown; an output has name and parameters");
            }
        }

        return (name ?? throw InferenceException.Invalid("an output has no name"), binary);
    }

    public static void Select(InferenceCall call, List<(string Name, bool? Binary)> requested)
    {
        if (requested.Count == 0)
        {
            return;
        }

        // An output that says nothing follows the request's binary_data_output, which may come later in the text.
        call.Requested = [.. requested.Select(output => new RequestedOutput(CallInputs.FindOutput(call, output.Name), output.Binary))];
    }

    private static bool? ReadParameters(ref Utf8JsonReader json)
    {
        bool? binary = null;
        JsonParameters.Open(ref json);
        while (JsonParameters.Next(ref json, out var name))
        {
            binary = name == "binary_data"
                ? JsonParameters.Boolean(ref json, name)
                : throw InferenceException.Invalid($"the output parameter '{name}' is not supported; supported is binary_data");
        }

        return binary;
    }
}
