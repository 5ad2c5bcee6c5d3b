using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace MlSystem.Testing;

/// <summary>
/// The golden JSON of the contracts (<c>tests/fixtures/contracts</c>). A producer shows that what it writes has the golden
/// form; a consumer shows that it reads the golden document.
/// </summary>
public static class Golden
{
    /// <summary>The folder with one document a contract.</summary>
    public static string Folder { get; } = Path.Combine(RepositoryRoot(), "tests", "fixtures", "contracts");

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name + ".json"));

    /// <summary>The document as its record.</summary>
    public static T Read<T>(string name, JsonTypeInfo<T> type) => System.Text.Json.JsonSerializer.Deserialize(Text(name), type)!;

    /// <summary>Paths of all properties of a document, with <c>[]</c> for array elements, so that two documents can be compared by form.</summary>
    /// <param name="maps">Paths of objects whose property names are data and not part of the form.</param>
    public static IReadOnlySet<string> Form(string json, params string[] maps)
    {
        var paths = new SortedSet<string>(StringComparer.Ordinal);
        Collect(JsonNode.Parse(json), "", paths);
        paths.RemoveWhere(path => maps.Any(map => path.StartsWith(map + ".", StringComparison.Ordinal)));
        return paths;
    }

    /// <summary>The folder that holds <c>MlSystem.sln</c>.</summary>
    public static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "MlSystem.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No MlSystem.sln above {AppContext.BaseDirectory}");
    }

    private static void Collect(JsonNode? node, string path, SortedSet<string> paths)
    {
        switch (node)
        {
            case JsonObject parent:
                foreach (var (name, child) in parent)
                {
                    paths.Add($"{path}.{name}");
                    Collect(child, $"{path}.{name}", paths);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    Collect(item, path + "[]", paths);
                }

                break;
        }
    }
}
