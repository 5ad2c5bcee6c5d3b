using System.Diagnostics;
using System.Text.Json.Nodes;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;
using YamlDotNet.RepresentationModel;

namespace MlSystem.Training.Tests.Exports;

public sealed class KubeflowFileTests
{
    [Fact]
    public async Task It_has_the_published_structure_and_all_its_references_lead_somewhere()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(("Training:Kubernetes:EnvironmentSecrets:0", "keys"), ("Training:Kubernetes:ImagePullSecrets:0", "pull"));
        var definition = Documents.Valid;
        definition["description"] = "churn: {{ not a template }}\nin two lines";
        definition["execution"] = JsonNode.Parse("""{ "attempts": 4, "retry_delay_seconds": 1.5, "timeout_seconds": 90, "executor": { "kind": "kubernetes", "cpus": 1.5, "memory_mb": 4096, "memory_request_mb": 1024, "env": { "LEVEL": "3" }, "node_selector": { "disk": "ssd" } }, "steps": { "gate": { "attempts": 1, "executor": { "kind": "in_process" } } } }""");
        definition["triggers"] = JsonNode.Parse("""[{ "kind": "cron", "cron": "0 3 * * *", "time_zone": "Europe/Berlin" }, { "kind": "upstream", "pipeline": "other" }]""");
        var text = await ExportAsync(host, definition);
        var (spec, platform) = Read(text);
        Assert.Empty(KubeflowSchema.Check(spec, "PipelineSpec"));
        Assert.Empty(KubeflowSchema.Check(platform, "PlatformSpec"));

        var tasks = Map(spec, "root", "dag", "tasks");
        var components = Map(spec, "components");
        var executors = Map(spec, "deploymentSpec", "executors");
        var pods = Map(platform, "platforms", "kubernetes", "deploymentSpec", "executors");
        List<string> before = [];
        foreach (var (name, task) in tasks.Children)
        {
            var component = components[task["componentRef"]["name"]];
            Assert.True(executors.Children.ContainsKey(component["executorLabel"]));
            Assert.True(pods.Children.ContainsKey(component["executorLabel"]));
            Assert.Equal(((YamlMappingNode)component["inputDefinitions"]["parameters"]).Children.Keys, ((YamlMappingNode)task["inputs"]["parameters"]).Children.Keys);
            Assert.Equal(before.TakeLast(1), ((YamlMappingNode)task).Children.TryGetValue("dependentTasks", out var needed) ? ((YamlSequenceNode)needed).Select(n => n.ToString()) : []);
            before.Add(name.ToString());
        }

        Assert.Equal(["join", "validate", "split", "train", "evaluate", "gate", "register"], before);
        Assert.Equal("1024Mi", executors["exec-train"]["container"]["resources"]["resourceMemoryRequest"].ToString());
        Assert.Equal("3", tasks["train"]["retryPolicy"]["maxRetryCount"].ToString());
        Assert.False(((YamlMappingNode)tasks["gate"]).Children.ContainsKey("retryPolicy"));
        Assert.Equal("90", pods["exec-train"]["activeDeadlineSeconds"].ToString());
        Assert.Contains("kfp recurring-run create --pipeline-name small --cron-expression \"0 0 3 * * *\"", text, StringComparison.Ordinal);
        Assert.Contains("# NOT EXPORTED: trigger 'upstream'", text, StringComparison.Ordinal);
        Assert.Contains("# CHANGE: services__registry__http__0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_containers_one_after_another_make_the_version_that_a_run_of_the_service_makes()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        var (spec, _) = Read(await ExportAsync(host, Documents.Valid));
        foreach (var (_, executor) in Map(spec, "deploymentSpec", "executors").Children)
        {
            Assert.Equal(0, await RunAsync((YamlMappingNode)executor["container"], "0b5c/1 x"));
        }

        // A container that is started again finds what it did.
        Assert.Equal(0, await RunAsync((YamlMappingNode)Map(spec, "deploymentSpec", "executors").Children.Last().Value["container"], "0b5c/1 x"));
        Assert.Single(world.Registry.Versions);
        Assert.Equal(1, world.Registry.Aliases["champion"]);

        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        await host.Http.WaitForStateAsync(id, "succeeded");
        Assert.Equal(world.Registry.File(2, "model.onnx"), world.Registry.File(1, "model.onnx"));
        Assert.Equal(2, await RunAsync(["step", "--name", "join"], new Dictionary<string, string>()));
    }

    internal static async Task<string> ExportAsync(TrainingHost host, JsonObject definition, string format = "kfp")
    {
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", definition.ToJsonString(), 201);
        return await host.Http.GetStringAsync(new Uri($"/api/pipelines/small/export?format={format}&image=registry.example/training:1&volume_claim=data", UriKind.Relative));
    }

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "MlSystem.Training.dll")))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var told = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode != 1, told + await errors);
        return process.ExitCode;
    }

    private static Task<int> RunAsync(YamlMappingNode container, string run) => RunAsync(
        [.. ((YamlSequenceNode)container["args"]).Select(a => a.ToString().Replace("{{$.inputs.parameters['run_id']}}", run, StringComparison.Ordinal))],
        ((YamlSequenceNode)container["env"]).ToDictionary(e => e["name"].ToString(), e => e["value"].ToString()));

    private static (YamlMappingNode Spec, YamlMappingNode Platform) Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        Assert.Equal(2, stream.Documents.Count);
        return ((YamlMappingNode)stream.Documents[0].RootNode, (YamlMappingNode)stream.Documents[1].RootNode);
    }

    private static YamlMappingNode Map(YamlNode node, params string[] path) => (YamlMappingNode)path.Aggregate(node, (n, key) => n[key]);
}
