using System.Text;
using System.Text.Json;

namespace MlSystem.FeatureStore.Definitions.Documents;

/// <summary>Reads JSON (with comments and trailing commas) into nodes.</summary>
internal static class JsonNodes
{
    private static readonly JsonReaderOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <exception cref="InvalidDefinitionsException">It is not JSON.</exception>
    public static DefinitionNode Read(ReadOnlySpan<byte> text, string? file)
    {
        text = text.StartsWith("\uFEFF"u8) ? text[3..] : text;
        try
        {
            var lines = LineStarts(text);
            var reader = new Utf8JsonReader(text, Options);
            reader.Read();
            var node = Read(ref reader, lines, text, file);
            reader.Read();
            return node;
        }
        catch (JsonException error)
        {
            var place = new TextPlace(file, (int)(error.LineNumber ?? 0) + 1, (int)(error.BytePositionInLine ?? 0) + 1);
            throw InvalidDefinitionsException.At("", $"The text is not valid JSON ({place}): {error.Message.Split(" LineNumber")[0]}");
        }
    }

    private static DefinitionNode Read(ref Utf8JsonReader reader, int[] lines, ReadOnlySpan<byte> text, string? file)
    {
        var place = PlaceOf((int)reader.TokenStartIndex, lines, text, file);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new List<(string, DefinitionNode)>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    members.Add((name, Read(ref reader, lines, text, file)));
                }

                return new DefinitionNode(JsonValueKind.Object, place) { Members = members };
            case JsonTokenType.StartArray:
                var items = new List<DefinitionNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Read(ref reader, lines, text, file));
                }

                return new DefinitionNode(JsonValueKind.Array, place) { Items = items };
            case JsonTokenType.String:
                return new DefinitionNode(JsonValueKind.String, place) { Text = reader.GetString()! };
            default:
                var kind = reader.TokenType switch
                {
                    JsonTokenType.Number => JsonValueKind.Number,
                    JsonTokenType.True => JsonValueKind.True,
                    JsonTokenType.False => JsonValueKind.False,
                    _ => JsonValueKind.Null,
                };
                return new DefinitionNode(kind, place) { Text = Encoding.UTF8.GetString(reader.ValueSpan) };
        }
    }

    private static int[] LineStarts(ReadOnlySpan<byte> text)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                starts.Add(i + 1);
            }
        }

        return [.. starts];
    }

    private static TextPlace PlaceOf(int position, int[] lines, ReadOnlySpan<byte> text, string? file)
    {
        var found = Array.BinarySearch(lines, position);
        var line = found >= 0 ? found : ~found - 1;
        return new TextPlace(file, line + 1, Encoding.UTF8.GetCharCount(text[lines[line]..position]) + 1);
    }
}
