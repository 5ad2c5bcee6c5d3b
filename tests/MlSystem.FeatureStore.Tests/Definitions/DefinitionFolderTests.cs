using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Definitions;

/// <summary>A watched folder of definitions.</summary>
public sealed class DefinitionFolderTests
{
    private const string Entities = "entities:\n  - { name: user, join_keys: [{ name: user_id, datatype: INT64 }] }\n";
    private const string Views = """{ "feature_views": [{ "name": "v", "entities": ["user"], "features": [{ "name": "x", "datatype": "FP32" }] }] }""";

    [Fact]
    public async Task Files_are_applied_at_the_start_and_on_change_and_mistakes_leave_the_last_good()
    {
        using var folder = new TempFolder();
        var (entities, views) = (Path.Combine(folder.Path, "a.yaml"), Path.Combine(folder.Path, "b.json"));
        await File.WriteAllTextAsync(entities, Entities);
        await File.WriteAllTextAsync(views, Views);
        await using var app = await FeatureStoreApp.StartAsync(("Features:Definitions:Directory", folder.Path), ("Features:Definitions:Prune", "true"));
        Assert.Equal("1 FP32", await ViewAsync(app));

        await File.WriteAllTextAsync(views, Views.Replace("FP32", "FP23", StringComparison.Ordinal));
        var problem = await UntilAsync(app, async () => await ProblemAsync(app), found => found is not null);
        Assert.Contains("feature_views[0].features[0].datatype: 'FP23' is not a datatype", problem, StringComparison.Ordinal);
        Assert.Contains("(b.json, line 1, column ", problem, StringComparison.Ordinal);
        Assert.Equal("1 FP32", await ViewAsync(app));

        await File.WriteAllTextAsync(views, Views.Replace("\"x\"", "\"y\"", StringComparison.Ordinal));
        Assert.Equal("2 FP32", await UntilAsync(app, () => ViewAsync(app), found => found == "2 FP32"));
        Assert.Null(await UntilAsync(app, async () => await ProblemAsync(app), found => found is null));

        File.Delete(views);
        Assert.Equal("gone", await UntilAsync(app, () => ViewAsync(app), found => found == "gone"));
    }

    [Fact]
    public async Task A_wrong_folder_does_not_keep_the_service_from_starting()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "bad.yml"), "entities: [\n");
        await using var app = await FeatureStoreApp.StartAsync(("Features:Definitions:Directory", folder.Path));
        Assert.Contains("not valid YAML (bad.yml, line", await ProblemAsync(app), StringComparison.Ordinal);
    }

    private static async Task<T> UntilAsync<T>(FeatureStoreApp app, Func<Task<T>> read, Func<T, bool> done)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (true)
        {
            app.Time.Advance(TimeSpan.FromSeconds(2));
            var found = await read();
            if (done(found))
            {
                return found;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }
    }

    private static async Task<string> ViewAsync(FeatureStoreApp app)
    {
        using var response = await app.Client.GetAsync("/api/feature-views/v");
        if (!response.IsSuccessStatusCode)
        {
            return "gone";
        }

        var view = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        return $"{view.GetProperty("version")} {view.GetProperty("definition").GetProperty("features")[0].GetProperty("datatype")}";
    }

    private static async Task<string?> ProblemAsync(FeatureStoreApp app)
    {
        var health = JsonSerializer.Deserialize<JsonElement>(await app.Client.GetStringAsync("/health"));
        var check = health.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "definitions_folder");
        return check.TryGetProperty("description", out var description) ? description.GetString() : null;
    }
}
