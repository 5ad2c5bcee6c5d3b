using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MlSystem.FeatureStore.Definitions.Documents;

/// <summary>Compares a text with the members that definitions have, and finds every difference at once.</summary>
internal sealed class StructureCheck
{
    private readonly List<DefinitionError> _errors = [];

    private StructureCheck()
    {
    }

    public static IReadOnlyList<DefinitionError> Check(DefinitionNode root)
    {
        var check = new StructureCheck();
        check.Check("", root, DefinitionsJson.Default.DefinitionSet, nullable: false);
        return check._errors;
    }

    private void Check(string path, DefinitionNode node, JsonTypeInfo type, bool nullable)
    {
        if (type.Type == typeof(JsonElement))
        {
            return; // whatever it is; the definition's own rules know what fits
        }

        if (node.Kind == JsonValueKind.Null)
        {
            if (!nullable)
            {
                Error(path, node, "A value is required; leave the member out to get its default.");
            }

            return;
        }

        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when Is(path, node, JsonValueKind.Object, "an object"):
                CheckMembers(path, node, type);
                break;
            case JsonTypeInfoKind.Enumerable when Is(path, node, JsonValueKind.Array, "a list"):
                var element = Info(type.ElementType!);
                for (var i = 0; i < node.Items.Count; i++)
                {
                    Check($"{path}[{i}]", node.Items[i], element, nullable: false);
                }

                break;
            case JsonTypeInfoKind.Dictionary when Is(path, node, JsonValueKind.Object, "an object"):
                foreach (var (name, value) in Distinct(path, node))
                {
                    Check(Member(path, name), value, Info(type.ElementType!), nullable: false);
                }

                break;
            case JsonTypeInfoKind.None:
                CheckScalar(path, node, Nullable.GetUnderlyingType(type.Type) ?? type.Type);
                break;
        }
    }

    private void CheckMembers(string path, DefinitionNode node, JsonTypeInfo type)
    {
        foreach (var (name, value) in Distinct(path, node))
        {
            if (type.Properties.FirstOrDefault(property => property.Name == name) is { } property)
            {
                Check(Member(path, name), value, Info(property.PropertyType), property.IsSetNullable || Nullable.GetUnderlyingType(property.PropertyType) is not null);
            }
            else
            {
                Error(Member(path, name), value, $"There is no member '{name}' here; allowed: {string.Join(' ', type.Properties.Select(known => known.Name))}.");
            }
        }
    }

    private void CheckScalar(string path, DefinitionNode node, Type type)
    {
        if (type == typeof(string))
        {
            // In YAML a version like 1.0 is often meant as text.
            if (node is { IsPlain: true, Kind: JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False })
            {
                node.BecomeText();
            }

            Is(path, node, JsonValueKind.String, "text");
        }
        else if (type == typeof(bool))
        {
            if (node.Kind is not (JsonValueKind.True or JsonValueKind.False))
            {
                Error(path, node, "true or false is required.");
            }
        }
        else if (Is(path, node, JsonValueKind.Number, "a number") && type == typeof(long) && !long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            Error(path, node, "A whole number is required.");
        }
    }

    private List<(string Name, DefinitionNode Value)> Distinct(string path, DefinitionNode node)
    {
        foreach (var twice in node.Members.GroupBy(member => member.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            Error(Member(path, twice.Key), twice.Last().Value, $"'{twice.Key}' is there {twice.Count()} times.");
        }

        return node.Members;
    }

    private bool Is(string path, DefinitionNode node, JsonValueKind kind, string wanted)
    {
        if (node.Kind != kind)
        {
            Error(path, node, $"{char.ToUpperInvariant(wanted[0])}{wanted[1..]} is required.");
        }

        return node.Kind == kind;
    }

    private void Error(string path, DefinitionNode node, string message) => _errors.Add(new DefinitionError(path, $"{message} ({node.Place})"));

    private static string Member(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static JsonTypeInfo Info(Type type) => DefinitionsJson.Default.GetTypeInfo(type) ?? throw new InvalidOperationException($"{type} is not part of the definitions.");
}
