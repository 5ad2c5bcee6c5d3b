using System.Text.Json.Nodes;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Tells people what differs between two JSON documents.</summary>
public static class JsonDifference
{
    /// <summary>One line for each differing member: <c>path: before → after</c>; elements with a <c>name</c> are matched by it.</summary>
    public static IReadOnlyList<string> Describe(string before, string after)
    {
        var lines = new List<string>();
        Compare("", JsonNode.Parse(before), JsonNode.Parse(after), lines);
        return lines;
    }

    private static void Compare(string path, JsonNode? before, JsonNode? after, List<string> lines)
    {
        if (JsonNode.DeepEquals(before, after))
        {
            return;
        }

        if (Members(before) is { } left && Members(after) is { } right)
        {
            foreach (var name in left.Keys.Union(right.Keys, StringComparer.Ordinal))
            {
                Compare(path.Length == 0 ? name : $"{path}.{name}", left.GetValueOrDefault(name), right.GetValueOrDefault(name), lines);
            }

            return;
        }

        lines.Add($"{path}: {Text(before)} → {Text(after)}");
    }

    /// <summary>An object's members, or a list's elements by their names; null where neither applies.</summary>
    private static Dictionary<string, JsonNode?>? Members(JsonNode? node) => node switch
    {
        JsonObject fields => fields.ToDictionary(field => field.Key, field => field.Value, StringComparer.Ordinal),
        JsonArray { Count: > 0 } elements when elements.All(element => element is JsonObject named && named.ContainsKey("name"))
            && elements.Select(element => element!["name"]!.ToString()).Distinct(StringComparer.Ordinal).Count() == elements.Count =>
            elements.ToDictionary(element => element!["name"]!.ToString(), StringComparer.Ordinal),
        _ => null,
    };

    private static string Text(JsonNode? node) => node?.ToJsonString() ?? "absent";
}
