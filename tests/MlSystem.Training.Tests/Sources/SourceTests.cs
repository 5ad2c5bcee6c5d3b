using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MlSystem.Contracts;
using MlSystem.Training.Tests.Doubles;
using Parquet;
using Parquet.Schema;

namespace MlSystem.Training.Tests.Sources;

/// <summary>Pipelines over each kind of source, from their definition to the registered version.</summary>
public sealed class SourceTests
{
    private const int Rows = 400;

    [Theory]
    [InlineData("csv")]
    [InlineData("parquet")]
    public async Task A_file_with_features_and_labels_is_trained_on(string format)
    {
        await using var world = await World.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(world.Folder.Path, "sources", "deep")).FullName;
        await WriteAsync(Path.Combine(folder, $"rows.{format}"));
        await using var host = await world.HostAsync();
        var run = await RunAsync(host, new JsonObject { ["file"] = new JsonObject { ["path"] = $"deep/rows.{format}", ["label_column"] = "label", ["entity_columns"] = new JsonArray("id") } });
        Assert.Equal("succeeded", run.Text("state"));
        var signature = JsonNode.Parse(world.Registry.File(1, ModelFiles.Signature))!;
        Assert.Equal(["age", "plan"], signature["inputs"]!.AsArray().Select(i => i!.Text("name")));
        Assert.Equal(["FP64", "BYTES"], signature["inputs"]!.AsArray().Select(i => i!.Text("datatype")));
        var lineage = JsonNode.Parse(world.Registry.File(1, ModelFiles.Lineage))!;
        Assert.Null(lineage["feature_service"]);
        Assert.Empty(lineage["join_keys"]!.AsArray());
    }

    [Fact]
    public async Task The_same_rows_have_the_same_fingerprint_whatever_file_they_come_in()
    {
        await using var world = await World.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(world.Folder.Path, "sources")).FullName;
        await WriteAsync(Path.Combine(folder, "rows.csv"));
        await WriteAsync(Path.Combine(folder, "rows.parquet"));
        await using var host = await world.HostAsync();
        List<string> prints = [];
        foreach (var file in new[] { "rows.csv", "rows.parquet" })
        {
            await RunAsync(host, new JsonObject { ["file"] = new JsonObject { ["path"] = file, ["label_column"] = "label", ["entity_columns"] = new JsonArray("id") } });
            prints.Add(JsonNode.Parse(world.Registry.File(prints.Count + 1, ModelFiles.Lineage))!.Text("data_fingerprint"));
        }

        Assert.Equal(prints[0], prints[1]);
    }

    [Fact]
    public async Task A_table_in_a_YAML_definition_is_trained_on()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var rows = Enumerable.Range(0, Rows).ToList();
        var yaml = new StringBuilder("source:\n  table:\n    label_column: label\n    features: {age: FP32, plan: BYTES}\n    rows:\n");
        yaml.Append(CultureInfo.InvariantCulture, $"      age: [{string.Join(", ", rows.Select(r => $"'{Age(r)}'"))}]\n      plan: [{string.Join(", ", rows.Select(Plan))}]\n      label: [{string.Join(", ", rows.Select(r => $"\"{Label(r)}\""))}]\n");
        yaml.Append("trainer: {kind: linear, task: binary_classification}\nregister:\n  model: small # a comment\n");
        using var content = new StringContent(yaml.ToString(), Encoding.UTF8, "application/yaml");
        using var answer = await host.Http.PutAsync(new Uri("/api/pipelines/small", UriKind.Relative), content);
        Assert.True((int)answer.StatusCode == 201, await answer.Content.ReadAsStringAsync());
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        await host.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal("FP32", JsonNode.Parse(world.Registry.File(1, ModelFiles.Signature))!["inputs"]![0]!.Text("datatype"));
    }

    [Theory]
    [InlineData("a: [1", "The body is not YAML: line")]
    [InlineData("a: &x 1\nb: *x", "anchors are not supported")]
    [InlineData("a: 1\n---\nb: 2", "one document")]
    public async Task Text_that_is_no_usable_YAML_is_refused(string yaml, string reason)
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        using var content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        using var answer = await host.Http.PutAsync(new Uri("/api/pipelines/small", UriKind.Relative), content);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains(reason, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Labelled_live_predictions_of_an_endpoint_are_trained_on()
    {
        await using var world = await World.StartAsync();
        await using var monitor = new MonitorDouble();
        await monitor.StartAsync();
        monitor.Predictions.AddRange(Enumerable.Range(0, Rows).Select(r =>
            MonitorDouble.Prediction(r, r % 10 == 9 ? "shadow" : "live", r % 20 == 0 ? [] : new JsonObject { ["age"] = Age(r), ["plan"] = Plan(r) }, Label(r))));
        await using var host = await world.HostAsync(("services:monitor:http:0", monitor.Address));
        var run = await RunAsync(host, new JsonObject { ["predictions"] = new JsonObject { ["endpoint"] = "live", ["features"] = new JsonArray("age", "plan"), ["entity_columns"] = new JsonArray("customer_id") } });
        Assert.Equal("succeeded", run.Text("state"));
        var join = JsonNode.Parse(await File.ReadAllTextAsync(Directory.GetFiles(world.Folder.Path, "join.json", SearchOption.AllDirectories).Single()))!;
        Assert.Equal(Rows - (Rows / 10) - (Rows / 20), (int)join["rows"]!);
    }

    [Fact]
    public async Task A_source_that_does_not_fit_fails_the_run_with_what_is_wrong()
    {
        await using var world = await World.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(world.Folder.Path, "sources")).FullName;
        await WriteAsync(Path.Combine(folder, "rows.csv"));
        await File.WriteAllTextAsync(Path.Combine(world.Folder.Path, "secret.csv"), "a\n1\n");
        File.CreateSymbolicLink(Path.Combine(folder, "link.csv"), Path.Combine(world.Folder.Path, "secret.csv"));
        await using var host = await world.HostAsync();
        foreach (var (path, label, features, reason) in new[]
        {
            ("rows.csv", "churn", "", "has no column 'churn'; it has id, age, plan, label"),
            ("none.csv", "label", "", "There is no file 'none.csv'"),
            ("link.csv", "a", "", "There is no file 'link.csv'"),
            ("rows.csv", "label", "plan", "column 'plan' is FP64, but a row has"),
        })
        {
            var file = new JsonObject { ["path"] = path, ["label_column"] = label };
            if (features.Length > 0)
            {
                file["features"] = new JsonObject { [features] = "FP64" };
            }

            var run = await RunAsync(host, new JsonObject { ["file"] = file }, "failed");
            Assert.Contains(reason, run.Text("error"), StringComparison.Ordinal);
        }
    }

    private static async Task<JsonNode> RunAsync(TrainingHost host, JsonObject source, string state = "succeeded")
    {
        var definition = new JsonObject
        {
            ["source"] = source,
            ["trainer"] = new JsonObject { ["kind"] = "linear", ["task"] = "binary_classification" },
            ["register"] = new JsonObject { ["model"] = "small" },
        };
        using var answer = await host.Http.PutAsync(new Uri("/api/pipelines/small", UriKind.Relative), new StringContent(definition.ToJsonString(), Encoding.UTF8, "application/json"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        return await host.Http.WaitForStateAsync(id, state);
    }

    private static async Task WriteAsync(string path)
    {
        var rows = Enumerable.Range(0, Rows).ToArray();
        if (path.EndsWith(".csv", StringComparison.Ordinal))
        {
            await File.WriteAllLinesAsync(path, rows.Select(r => FormattableString.Invariant($"c{r:000},{Age(r)},{Plan(r)},{Label(r)}")).Prepend("id,age,plan,label"));
            return;
        }

        DataField[] fields = [new DataField<string>("id"), new DataField<double>("age"), new DataField<string>("plan"), new DataField<string>("label")];
        await using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), file);
        using var group = writer.CreateRowGroup();
        await group.WriteAsync(fields[0], [.. rows.Select(r => FormattableString.Invariant($"c{r:000}"))]);
        await group.WriteAsync<double>(fields[1], rows.Select(r => (double)Age(r)).ToArray());
        await group.WriteAsync(fields[2], [.. rows.Select(Plan)]);
        await group.WriteAsync(fields[3], [.. rows.Select(Label)]);
    }

    private static int Age(int row) => 18 + (row % 60);

    private static string Plan(int row) => row % 3 == 0 ? "yearly" : "monthly";

    private static string Label(int row) => (row % 60) + (row * 7919 % 31) < 45 ? "Yes" : "No";
}
