using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MlSystem.Registry.Validation;

/// <summary>What an <c>MLmodel</c> file says of the model folder that MLflow logged: its flavors and its signature.</summary>
/// <param name="Flavors">Names, in the file's order.</param>
/// <param name="OnnxFile">Path of the ONNX flavor's model; null without that flavor.</param>
/// <param name="Inputs">MLflow's input schema; empty when there is none.</param>
/// <param name="Outputs">MLflow's output schema; empty when there is none.</param>
internal sealed record MlflowModelFile(IReadOnlyList<string> Flavors, string? OnnxFile, IReadOnlyList<MlflowField> Inputs, IReadOnlyList<MlflowField> Outputs)
{
    public const string Name = "MLmodel";

    /// <summary>Every MLflow model has it; it says nothing about what can be served.</summary>
    private const string GenericFlavor = "python_function";

    /// <summary>Why nothing in the folder can be served here; null when the ONNX flavor can.</summary>
    public string? Refusal => OnnxFile is not null ? null
        : Flavors.FirstOrDefault(f => f != GenericFlavor) is { } flavor ? $"flavor {flavor} can't be served here; log it with mlflow.onnx"
        : Flavors.Count > 0 ? $"flavor {GenericFlavor} can't be served here; log the model with mlflow.onnx"
        : $"{Name} names no flavor";

    /// <summary>Reads the file.</summary>
    /// <exception cref="FormatException">It is no valid MLmodel file; the message says why.</exception>
    public static MlflowModelFile Parse(TextReader text)
    {
        try
        {
            var yaml = new YamlStream();
            yaml.Load(text);
            var root = yaml.Documents is [{ RootNode: YamlMappingNode mapping }] ? mapping : throw new FormatException($"{Name} is not one YAML mapping");
            var flavors = Child(root, "flavors") as YamlMappingNode;
            var onnx = flavors is null ? null : Child(flavors, "onnx") as YamlMappingNode;
            var signature = Child(root, "signature") as YamlMappingNode;
            return new(
                flavors is null ? [] : [.. flavors.Children.Keys.OfType<YamlScalarNode>().Select(k => k.Value ?? "")],
                onnx is null ? null : Text(onnx, "data") ?? MlSystem.Contracts.ModelFiles.Onnx,
                signature is null ? [] : Fields(Text(signature, "inputs")),
                signature is null ? [] : Fields(Text(signature, "outputs")));
        }
        catch (Exception error) when (error is YamlException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"{Name} can't be read: {error.Message}", error);
        }
    }

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static string? Text(YamlMappingNode node, string key) => Child(node, key) is YamlScalarNode { Value: { } value } && value is not ("null" or "~" or "") ? value : null;

    /// <summary>A schema is JSON inside YAML: <c>[{"type": "tensor", "tensor-spec": {"dtype", "shape"}, "name"?}]</c> or columns <c>[{"type": "double", "name"?, "required"}]</c>.</summary>
    private static List<MlflowField> Fields(string? json)
    {
        if (json is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(Field)];
    }

    private static MlflowField Field(JsonElement element)
    {
        var name = element.TryGetProperty("name", out var given) ? given.ToString() : null;
        var optional = element.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.False;
        return element.TryGetProperty("tensor-spec", out var tensor)
            ? new(name, null, [.. tensor.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())], optional)
            : new(name, element.GetProperty("type").ToString(), null, optional);
    }
}

/// <summary>One tensor or column of MLflow's schema.</summary>
/// <param name="ColumnType">MLflow's type of a column; null for a tensor.</param>
/// <param name="Shape">Of a tensor; null for a column.</param>
internal sealed record MlflowField(string? Name, string? ColumnType, IReadOnlyList<long>? Shape, bool Optional);
