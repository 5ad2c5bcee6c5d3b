using System.Buffers;
using System.Text.Json;

namespace MlSystem.FeatureStore.Definitions.Documents;

/// <summary>Forms in which definitions are written.</summary>
public enum DefinitionFormat
{
    Json,
    Yaml,
}

/// <summary>Definitions with the text that they come from, so that mistakes can be told by line and column.</summary>
public sealed class DefinitionDocument
{
    private readonly DefinitionNode _root;

    private DefinitionDocument(DefinitionNode root, DefinitionSet set) => (_root, Set) = (root, set);

    public DefinitionSet Set { get; }

    /// <exception cref="InvalidDefinitionsException">The text has not the form of definitions; every mistake with its line and column.</exception>
    public static DefinitionDocument Read(ReadOnlySpan<byte> text, DefinitionFormat format) => Of(Nodes(text, format, null));

    /// <summary>Reads several files as one set.</summary>
    /// <exception cref="InvalidDefinitionsException">A text has not the form of definitions; every mistake with its file, line and column.</exception>
    public static DefinitionDocument Read(IEnumerable<(string Name, byte[] Text)> files) =>
        Of([.. files.SelectMany(file => Nodes(file.Text, FormatOf(file.Name), file.Name))]);

    public static DefinitionFormat FormatOf(string file) => file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? DefinitionFormat.Json : DefinitionFormat.Yaml;

    /// <summary>Adds the line and column to mistakes that were found in the definitions.</summary>
    public InvalidDefinitionsException Locate(InvalidDefinitionsException invalid) =>
        new([.. invalid.Errors.Select(error => error with { Message = $"{error.Message} ({_root.Find(error.Path.Split(" → ")[0]).Place})" })]);

    private static IReadOnlyList<DefinitionNode> Nodes(ReadOnlySpan<byte> text, DefinitionFormat format, string? file) =>
        format == DefinitionFormat.Json ? [JsonNodes.Read(text, file)] : YamlNodes.Read(text, file);

    private static DefinitionDocument Of(IReadOnlyList<DefinitionNode> documents)
    {
        if (documents.FirstOrDefault(document => document.Kind != JsonValueKind.Object) is { } other)
        {
            throw InvalidDefinitionsException.At("", $"An object with the sections of definitions is required ({other.Place}).");
        }

        var root = documents.Count == 1 ? documents[0] : Merge(documents);
        var errors = StructureCheck.Check(root);
        if (errors.Count > 0)
        {
            throw new InvalidDefinitionsException(errors);
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            root.WriteTo(json);
        }

        return new DefinitionDocument(root, JsonSerializer.Deserialize(buffer.WrittenSpan, DefinitionsJson.Default.DefinitionSet)!);
    }

    /// <summary>Lists of one name become one list; <c>delete</c> has lists in it.</summary>
    private static DefinitionNode Merge(IEnumerable<DefinitionNode> nodes)
    {
        var all = nodes.ToArray();
        var merged = new DefinitionNode(JsonValueKind.Object, all.Length == 0 ? new TextPlace(null, 1, 1) : all[0].Place);
        foreach (var section in all.SelectMany(node => node.Members).GroupBy(member => member.Name, member => member.Value, StringComparer.Ordinal))
        {
            var values = section.ToArray();
            merged.Members.Add((section.Key, values.Length == 1 ? values[0]
                : values.All(value => value.Kind == JsonValueKind.Array) ? new DefinitionNode(JsonValueKind.Array, values[0].Place) { Items = [.. values.SelectMany(value => value.Items)] }
                : values.All(value => value.Kind == JsonValueKind.Object) ? Merge(values)
                : throw InvalidDefinitionsException.At(section.Key, $"'{section.Key}' is not the same kind of thing everywhere ({string.Join("; ", values.Select(value => value.Place))}).")));
        }

        return merged;
    }
}
