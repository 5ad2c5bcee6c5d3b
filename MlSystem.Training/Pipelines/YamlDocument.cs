using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MlSystem.Training.Pipelines;

/// <summary>A YAML document as JSON, by the core schema of YAML 1.2: quoted is text, <c>yes</c> and <c>no</c> are text too.</summary>
internal static partial class YamlDocument
{
    private const int MaxDepth = 64;

    /// <exception cref="JsonException">It is no YAML, more than one document, or uses what JSON cannot say.</exception>
    public static JsonElement Read(TextReader text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(text);
        }
        catch (YamlException error)
        {
            throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"line {error.Start.Line}, column {error.Start.Column}: {error.Message}"), error);
        }

        return stream.Documents.Count == 1
            ? JsonSerializer.SerializeToElement(Convert(stream.Documents[0].RootNode, 0), TrainingJson.Default.JsonNode)
            : throw new JsonException($"there must be one document, not {stream.Documents.Count}");
    }

    private static JsonNode? Convert(YamlNode node, int depth)
    {
        // An alias is read as the very node it names: without depth and anchors a small text could become a huge tree.
        if (depth > MaxDepth || !node.Anchor.IsEmpty)
        {
            throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"line {node.Start.Line}: {(depth > MaxDepth ? "nested too deeply" : "anchors are not supported")}"));
        }

        return node switch
        {
            YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(Key(child.Key), Convert(child.Value, depth + 1)))),
            YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(child => Convert(child, depth + 1))]),
            YamlScalarNode scalar => Scalar(scalar),
            _ => throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"line {node.Start.Line}: aliases are not supported")),
        };
    }

    private static string Key(YamlNode key) => key is YamlScalarNode { Value: { } text }
        ? text
        : throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"line {key.Start.Line}: a key must be text"));

    private static JsonNode? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not ScalarStyle.Plain and not ScalarStyle.Any)
        {
            return text;
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => true,
            "false" or "False" or "FALSE" => false,
            _ when WholeNumber().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            _ when Number().IsMatch(text) && double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
            _ => text,
        };
    }

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.NonBacktracking)]
    private static partial Regex WholeNumber();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Number();
}
