using System.Text.Json;
using MlSystem.Inference.Explanations.Backgrounds;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Protocols.Rest;

namespace MlSystem.Inference.Explanations;

/// <summary>Takes the explain parameters out of a JSON request's <c>parameters</c>.</summary>
internal sealed class ExplainParametersReader : IRequestParameters
{
    public ExplainParameters Parameters { get; private set; } = new();

    public bool TryRead(string name, ref Utf8JsonReader json)
    {
        Parameters = name switch
        {
            "method" => Parameters with { Method = Text(ref json, name) },
            "output" => Parameters with { Output = Text(ref json, name) },
            "class" => Parameters with { Class = Label(ref json, name) },
            "scale" => Parameters with { Scale = Text(ref json, name) },
            "samples" => Parameters with { Samples = Whole(ref json, name) },
            "seed" => Parameters with { Seed = json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var seed) ? seed : throw InferenceException.Invalid("the parameter 'seed' must be a whole number of 64 bits") },
            "background_size" => Parameters with { BackgroundSize = Whole(ref json, name) },
            "top_k" => Parameters with { TopK = Whole(ref json, name) },
            "metric" => Parameters with { Metric = Text(ref json, name) },
            "repeats" => Parameters with { Repeats = Whole(ref json, name) },
            "labels" => Parameters with { Labels = Labels(ref json) },
            "background" => Background(ref json),
            _ => Parameters,
        };
        return name is "method" or "output" or "class" or "scale" or "samples" or "seed" or "background_size" or "top_k" or "metric" or "repeats" or "labels" or "background";
    }

    private ExplainParameters Background(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.String && json.ValueTextEquals("baseline"u8))
        {
            return Parameters with { Background = null };
        }

        var rows = json.TokenType == JsonTokenType.StartArray ? JsonElement.ParseValue(ref json) : default;
        return rows.ValueKind == JsonValueKind.Array && rows.GetArrayLength() > 0
            ? Parameters with { Background = form => BackgroundRows.Read(rows, form) }
            : throw InferenceException.Invalid("the parameter 'background' must be \"baseline\" or an array of at least one row, each an object with a value for each input");
    }

    private static List<string> Labels(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            throw InferenceException.Invalid("the parameter 'labels' must be an array with what was true of each row");
        }

        var labels = new List<string>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            labels.Add(Label(ref json, "labels"));
        }

        return labels;
    }

    /// <summary>A class label or number as text.</summary>
    private static string Label(ref Utf8JsonReader json, string name) => json.TokenType switch
    {
        JsonTokenType.String => json.GetString()!,
        JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(json.ValueSpan),
        _ => throw InferenceException.Invalid($"the parameter '{name}' must be a string or a number"),
    };

    private static string Text(ref Utf8JsonReader json, string name) =>
        json.TokenType == JsonTokenType.String ? json.GetString()! : throw InferenceException.Invalid($"the parameter '{name}' must be a string");

    private static int Whole(ref Utf8JsonReader json, string name) => (int)JsonParameters.Whole(ref json, name, int.MaxValue);
}
