using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Exports;

public sealed class AirflowFileTests
{
    /// <summary>Stands in for Airflow: records what the file makes of it. A name that the real modules have not is refused.</summary>
    private const string Loader = """
        import json, sys, types
        tasks, dags, edges = [], [], []
        class Record:
            def __init__(self, *args, **options):
                self.args, self.options = list(args), options
        def plain(value):
            if isinstance(value, Record): return {"args": plain(value.args), **{k: plain(v) for k, v in value.options.items()}}
            if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
            if isinstance(value, list): return [plain(v) for v in value]
            return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
        class DAG(Record):
            def __init__(self, **options):
                super().__init__(**options); dags.append(self)
            def __enter__(self): return self
            def __exit__(self, *_): return False
        class Operator(Record):
            def __init__(self, **options):
                super().__init__(**options); tasks.append(self)
            def __rshift__(self, other):
                edges.append([self.options["task_id"], other.options["task_id"]]); return other
        def module(name, **members):
            made = types.ModuleType(name); made.__dict__.update(members); sys.modules[name] = made; return made
        models = {n: type(n, (Record,), {}) for n in ("V1EnvFromSource", "V1ConfigMapEnvSource", "V1SecretEnvSource", "V1Volume",
                  "V1PersistentVolumeClaimVolumeSource", "V1VolumeMount", "V1LocalObjectReference", "V1ResourceRequirements")}
        for name in ("airflow.providers", "airflow.providers.cncf", "airflow.providers.cncf.kubernetes", "airflow.providers.cncf.kubernetes.operators", "airflow.timetables", "kubernetes"): module(name)
        module("airflow", DAG=DAG)
        module("airflow.providers.cncf.kubernetes.operators.pod", KubernetesPodOperator=Operator)
        module("airflow.timetables.trigger", CronTriggerTimetable=type("CronTriggerTimetable", (Record,), {}), MultipleCronTriggerTimetable=type("MultipleCronTriggerTimetable", (Record,), {}))
        module("kubernetes.client", models=module("kubernetes.client.models", **models))
        exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), {"__name__": "dag"})
        print(json.dumps({"dags": [plain(d) for d in dags], "tasks": [plain(t) for t in tasks], "edges": edges}))
        """;

    [Fact]
    public async Task Python_reads_it_and_finds_the_same_containers_in_their_order()
    {
        Assert.SkipUnless(await HasPythonAsync(), "python3 is not installed");
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync(("Training:Kubernetes:EnvironmentSecrets:0", "keys"), ("Training:Kubernetes:Namespace", "ml"));
        var definition = Documents.Valid;
        definition["description"] = "quotes \" ' \\ and {{ braces }} of Grüße 🎉";
        definition["execution"] = JsonNode.Parse("""{ "attempts": 3, "timeout_seconds": 90, "concurrency": 2, "steps": { "train": { "executor": { "kind": "kubernetes", "cpus": 2, "memory_mb": 512 } } } }""");
        definition["triggers"] = JsonNode.Parse("""[{ "kind": "cron", "cron": "0 0/15 3 ? * 2-6", "time_zone": "Europe/Berlin" }, { "kind": "drift", "endpoint": "small" }]""");
        var text = await KubeflowFileTests.ExportAsync(host, definition, "airflow");
        var file = world.Folder["dag.py"];
        await File.WriteAllTextAsync(file, text);
        await PythonAsync("-m", "py_compile", file);
        await File.WriteAllTextAsync(world.Folder["load.py"], Loader);
        var loaded = JsonNode.Parse(await PythonAsync(world.Folder["load.py"], file))!;

        var dag = Assert.Single(loaded["dags"]!.AsArray())!;
        Assert.Equal("small", dag.Text("dag_id"));
        Assert.Equal((string?)definition["description"], dag.Text("description"));
        Assert.Equal("*/15".Replace("*", "0-59", StringComparison.Ordinal) + " 3 * * 1-5", (string?)dag["schedule"]!["args"]![0]);
        Assert.Equal("Europe/Berlin", dag["schedule"]!.Text("timezone"));
        Assert.Equal(2, (int)dag["max_active_runs"]!);

        var names = new[] { "join", "validate", "split", "train", "evaluate", "gate", "register" };
        Assert.Equal(names, loaded["tasks"]!.AsArray().Select(t => t!.Text("task_id")));
        Assert.Equal(names.Zip(names.Skip(1)).Select(p => $"[\"{p.First}\",\"{p.Second}\"]"), loaded["edges"]!.AsArray().Select(e => e!.ToJsonString()));
        var train = loaded["tasks"]!.AsArray().Single(t => t!.Text("task_id") == "train")!;
        Assert.Equal("512Mi", train["container_resources"]!["limits"]!.Text("memory"));
        Assert.Equal(2, (int)train["retries"]!);
        Assert.Equal("0:01:30", train.Text("execution_timeout"));
        Assert.Equal(["/app/MlSystem.Training"], train["cmds"]!.AsArray().Select(c => (string?)c));
        Assert.Equal("keys", (string?)train["env_from"]![0]!["secret_ref"]!["name"]);
        Assert.Contains("# NOT EXPORTED: trigger 'drift'", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_tasks_make_a_version()
    {
        Assert.SkipUnless(await HasPythonAsync(), "python3 is not installed");
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        await File.WriteAllTextAsync(world.Folder["dag.py"], await KubeflowFileTests.ExportAsync(host, Documents.Valid, "airflow"));
        await File.WriteAllTextAsync(world.Folder["load.py"], Loader);
        foreach (var task in JsonNode.Parse(await PythonAsync(world.Folder["load.py"], world.Folder["dag.py"]))!["tasks"]!.AsArray())
        {
            var arguments = task!["arguments"]!.AsArray().Select(a => Render((string)a!)).ToList();
            Assert.Equal(0, await KubeflowFileTests.RunAsync(arguments, task["env_vars"]!.AsObject().ToDictionary(e => e.Key, e => (string)e.Value!)));
        }

        Assert.Single(world.Registry.Versions);
        Assert.Equal(1, world.Registry.Aliases["champion"]);
    }

    /// <summary>As Airflow's templates would: nothing else in the file may look like one.</summary>
    private static string Render(string text)
    {
        var rendered = text.Replace("{{ run_id }}", "scheduled__2026-01-01T00:00:00+00:00", StringComparison.Ordinal).Replace("{{ dag.dag_id }}", "small", StringComparison.Ordinal)
            .Replace("{{ 'schedule' if dag_run.run_type == 'scheduled' else 'manual' }}", "schedule", StringComparison.Ordinal);
        Assert.DoesNotContain("{{", rendered, StringComparison.Ordinal);
        return rendered;
    }

    private static async Task<bool> HasPythonAsync()
    {
        try
        {
            return (await PythonAsync("-c", "print('yes')")).Trim() == "yes";
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static async Task<string> PythonAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("python3", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var told = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return told;
    }
}
