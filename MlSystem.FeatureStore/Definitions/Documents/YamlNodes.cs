using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace MlSystem.FeatureStore.Definitions.Documents;

/// <summary>Reads YAML into nodes: plain scalars by the core schema of YAML 1.2, several documents as one after the other.</summary>
internal sealed partial class YamlNodes(string? file)
{
    /// <summary>Aliases can repeat a part very often; a text of this many values is a mistake or an attack.</summary>
    private const int MaxNodes = 1_000_000;
    private const int MaxDepth = 64;
    private int _nodes;

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NumberPattern { get; }

    /// <exception cref="InvalidDefinitionsException">It is not YAML.</exception>
    public static IReadOnlyList<DefinitionNode> Read(ReadOnlySpan<byte> text, string? file)
    {
        try
        {
            var yaml = new YamlStream();
            using var reader = new StringReader(Encoding.UTF8.GetString(text));
            yaml.Load(reader);
            var nodes = new YamlNodes(file);
            return [.. yaml.Documents.Select(document => nodes.Convert(document.RootNode, 0)).Where(node => node.Kind != JsonValueKind.Null)];
        }
        catch (YamlException error)
        {
            var place = new TextPlace(file, (int)error.Start.Line, (int)error.Start.Column);
            throw InvalidDefinitionsException.At("", $"The text is not valid YAML ({place}): {(error.InnerException ?? error).Message}");
        }
    }

    private DefinitionNode Convert(YamlNode node, int depth)
    {
        var place = new TextPlace(file, (int)node.Start.Line, (int)node.Start.Column);
        if (++_nodes > MaxNodes || depth > MaxDepth)
        {
            throw InvalidDefinitionsException.At("", $"The text is too large ({place}): at most {MaxNodes} values, {MaxDepth} deep.");
        }

        return node switch
        {
            YamlMappingNode mapping => new DefinitionNode(JsonValueKind.Object, place) { Members = [.. mapping.Children.Select(child => (Name(child.Key), Convert(child.Value, depth + 1)))] },
            YamlSequenceNode sequence => new DefinitionNode(JsonValueKind.Array, place) { Items = [.. sequence.Children.Select(child => Convert(child, depth + 1))] },
            _ => Scalar((YamlScalarNode)node, place),
        };
    }

    private string Name(YamlNode key) => key is YamlScalarNode { Value: { } name } ? name
        : throw InvalidDefinitionsException.At("", $"The name of a member is not text ({new TextPlace(file, (int)key.Start.Line, (int)key.Start.Column)}).");

    private static DefinitionNode Scalar(YamlScalarNode scalar, TextPlace place)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            return new DefinitionNode(JsonValueKind.String, place) { Text = text };
        }

        var kind = text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => JsonValueKind.Null,
            "true" or "True" or "TRUE" => JsonValueKind.True,
            "false" or "False" or "FALSE" => JsonValueKind.False,
            _ => NumberPattern.IsMatch(text) && double.IsFinite(double.Parse(text, CultureInfo.InvariantCulture)) ? JsonValueKind.Number : JsonValueKind.String,
        };
        return new DefinitionNode(kind, place) { Text = text, IsPlain = true };
    }
}
