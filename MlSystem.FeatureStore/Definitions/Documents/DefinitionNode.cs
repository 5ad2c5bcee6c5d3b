using System.Text.Json;

namespace MlSystem.FeatureStore.Definitions.Documents;

/// <summary>A value of a YAML or JSON text that knows where it stands.</summary>
/// <param name="place">From 1.</param>
public sealed class DefinitionNode(JsonValueKind kind, TextPlace place)
{
    /// <summary>Object, Array, String, Number, True, False or Null.</summary>
    public JsonValueKind Kind { get; private set; } = kind;

    public TextPlace Place { get; } = place;

    /// <summary>Of scalars, as written.</summary>
    public string Text { get; init; } = "";

    /// <summary>Whether a scalar was written without quotes in YAML: it may stand for a text too.</summary>
    public bool IsPlain { get; init; }

    /// <summary>In the order of the text; a name can be there twice.</summary>
    public List<(string Name, DefinitionNode Value)> Members { get; init; } = [];

    public List<DefinitionNode> Items { get; init; } = [];

    /// <summary>Takes a plain scalar for a text.</summary>
    public void BecomeText() => Kind = JsonValueKind.String;

    /// <summary>The node of a path like <c>feature_views[0].features[2].datatype</c>, or the last one on the way to it.</summary>
    public DefinitionNode Find(string path)
    {
        var node = this;
        foreach (var part in path.Split(['.', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            var next = part[^1] == ']' && int.TryParse(part.AsSpan(0, part.Length - 1), out var index)
                ? node.Items.ElementAtOrDefault(index)
                : node.Members.FirstOrDefault(member => member.Name == part).Value;
            if (next is null)
            {
                return node;
            }

            node = next;
        }

        return node;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        switch (Kind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var (name, value) in Members)
                {
                    json.WritePropertyName(name);
                    value.WriteTo(json);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                Items.ForEach(item => item.WriteTo(json));
                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Text);
                break;
            default:
                json.WriteRawValue(Kind switch { JsonValueKind.Number => Text, JsonValueKind.True => "true", JsonValueKind.False => "false", _ => "null" });
                break;
        }
    }
}

/// <summary>A place in a text.</summary>
/// <param name="File">Null: the body of a request.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
public readonly record struct TextPlace(string? File, int Line, int Column)
{
    public override string ToString() => File is null ? $"line {Line}, column {Column}" : $"{File}, line {Line}, column {Column}";
}
