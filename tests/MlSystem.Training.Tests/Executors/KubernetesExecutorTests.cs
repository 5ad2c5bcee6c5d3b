using System.Text.Json.Nodes;
using k8s.Models;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Executors;

public sealed class KubernetesExecutorTests : IAsyncLifetime
{
    private const string TrainOnly = """{ "steps": { "train": { "executor": { "kind": "kubernetes" } } } }""";
    private readonly ClusterDouble _cluster = new();
    private World _world = null!;

    public async ValueTask InitializeAsync()
    {
        await _cluster.StartAsync();
        _world = await World.StartAsync();
        await File.WriteAllTextAsync(_world.Folder["kubeconfig"], _cluster.Kubeconfig);
        await Documents.PrepareAsync(_world);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Every_step_as_a_Job_gives_the_same_model_and_tells_what_it_read()
    {
        await using var host = await HostAsync(("Training:Kubernetes:EnvironmentSecrets:0", "keys"), ("MlSystem:ApiKey", "secret-key"));
        var here = await EndAsync(host, await StartAsync(host, null), "succeeded");
        var id = await StartAsync(host, """{ "timeout_seconds": 300.5, "executor": { "kind": "kubernetes", "memory_mb": 4096, "memory_request_mb": 512, "cpus": 1.5, "image": "other:2", "env": { "LEVEL": "3" }, "node_selector": { "disk": "ssd" } } }""");
        var there = await EndAsync(host, id, "succeeded");
        Assert.Equal("kubernetes", there.Step("train").Text("executor"));
        Assert.Equal(Hash(here), Hash(there));
        Assert.NotEmpty(there.Step("train")["inputs"]!.AsArray());

        Assert.Equal(7, _cluster.Created.Count);
        var job = _cluster.Created.Single(j => j.Metadata.Labels["mlsystem.dev/step"] == "train");
        Assert.Equal($"mls-{id}-train-1", job.Name());
        Assert.Equal((301, 0, 3600), (job.Spec.ActiveDeadlineSeconds, job.Spec.BackoffLimit, job.Spec.TtlSecondsAfterFinished));
        var pod = job.Spec.Template.Spec;
        var container = pod.Containers.Single();
        Assert.Equal(("other:2", "ssd", "data", "steps"), (container.Image, pod.NodeSelector["disk"], pod.Volumes.Single().PersistentVolumeClaim.ClaimName, pod.ServiceAccountName));
        Assert.Equal(("4Gi", "512Mi", "1500m"), (container.Resources.Limits["memory"].ToString(), container.Resources.Requests["memory"].ToString(), container.Resources.Limits["cpu"].ToString()));
        Assert.Equal("keys", container.EnvFrom.Single().SecretRef.Name);
        Assert.Equal("3", container.Env.Single(e => e.Name == "LEVEL").Value);
        Assert.DoesNotContain("secret-key", k8s.KubernetesJson.Serialize(_cluster.Created), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(_world.Folder.Path, "mls-*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_a_step_says_when_it_fails_is_the_reason_of_the_run()
    {
        await using var host = await HostAsync();
        var run = await EndAsync(host, await StartAsync(host, """{ "steps": { "validate": { "executor": { "kind": "kubernetes" } } } }""", d => d["validation"]!["min_rows"] = 100_000), "failed");
        Assert.Equal("validate", run.Text("failed_step"));
        Assert.Contains("100000", run.Text("error"), StringComparison.Ordinal);
        Assert.Equal(1, (int)run.Step("validate")["attempts"]!);
    }

    [Theory]
    [InlineData("oom", "ran out of memory: the limit is 512 MiB", 1)]
    [InlineData("exit", "ended with code 139", 1)]
    [InlineData("deadline", "longer than its timeout of 300 s", 1)]
    [InlineData("name", "InvalidImageName", 1)]
    [InlineData("evicted", "was evicted from its node: low on memory", 2)]
    [InlineData("preempted", "taken from its node (PreemptionByScheduler)", 2)]
    [InlineData("pull", "cannot be pulled (ImagePullBackOff)", 2)]
    [InlineData("gone", "its Job", 2)]
    public async Task What_a_cluster_does_to_a_Job_is_told_in_words_and_what_may_pass_is_tried_again(string fate, string words, int attempts)
    {
        _cluster.Instead = job => Befall(job, fate);
        await using var host = await HostAsync(("Training:StepAttempts", "2"));
        var run = await EndAsync(host, await StartAsync(host, """{ "steps": { "train": { "timeout_seconds": 300, "executor": { "kind": "kubernetes", "memory_mb": 512 } } } }"""), "failed");
        Assert.Contains(words, run.Text("error"), StringComparison.Ordinal);
        Assert.Equal(attempts, (int)run.Step("train")["attempts"]!);
        Assert.Equal(attempts, _cluster.Created.Select(j => j.Name()).Distinct().Count());
    }

    [Fact]
    public async Task Cancelling_the_run_deletes_its_Job()
    {
        _cluster.Instead = _ => true;
        await using var host = await HostAsync();
        var id = await StartAsync(host, TrainOnly);
        await Eventually.TrueAsync(() => Task.FromResult(!_cluster.Created.IsEmpty), TimeSpan.FromSeconds(90), "the Job is there");
        await host.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/cancel", expected: 202);
        await host.Http.WaitForStateAsync(id, "cancelled");
        Assert.Equal([_cluster.Created.Single().Name()], _cluster.Deleted);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_deleted_and_followed_by_another_Job()
    {
        _cluster.Instead = _ => true;
        await using var host = await HostAsync();
        var id = await StartAsync(host, """{ "steps": { "train": { "attempts": 2, "timeout_seconds": 2, "executor": { "kind": "kubernetes" } } } }""");
        var run = await EndAsync(host, id, "failed");
        Assert.Contains("longer than its timeout of 2 s", run.Text("error"), StringComparison.Ordinal);
        Assert.Equal(2, (int)run.Step("train")["attempts"]!);
        Assert.Equal(_cluster.Created.Select(j => j.Name()), _cluster.Deleted);
    }

    [Fact]
    public async Task A_worker_that_was_killed_is_followed_by_one_that_goes_on_with_the_Job()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _world.Features.Before = async context =>
        {
            if (context.Request.Path.Value!.Contains("GetHistoricalFeatures", StringComparison.Ordinal))
            {
                await go.Task;
            }

            return null;
        };
        string id;
        await using (var process = await Runs.TrainingProcess.StartAsync(_world, Settings()))
        {
            await process.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", With("""{ "executor": { "kind": "kubernetes" } }""").ToJsonString(), 201);
            id = (await process.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
            await Eventually.TrueAsync(() => Task.FromResult(_world.Features.Count("POST /mlsystem.features.v1.HistoricalFeatures") > 0), TimeSpan.FromSeconds(120), "the Job joins");
            await process.KillAsync();
        }

        await using var host = await HostAsync();
        await host.Http.WaitAsync(id, run => (int)run.Step("join")["attempts"]! == 2);
        go.SetResult();
        await EndAsync(host, id, "succeeded");
        Assert.Equal([$"mls-{id}-join-1"], _cluster.Created.Select(j => j.Name()).Where(n => n.Contains("-join-", StringComparison.Ordinal)));
        Assert.Empty(_cluster.Deleted);
    }

    [Fact]
    public async Task A_stopping_service_leaves_its_Job_to_the_next_one()
    {
        _cluster.Instead = _ => true;
        string id;
        await using (var host = await HostAsync())
        {
            id = await StartAsync(host, TrainOnly);
            await Eventually.TrueAsync(() => Task.FromResult(!_cluster.Created.IsEmpty), TimeSpan.FromSeconds(90), "the Job is there");
        }

        Assert.Empty(_cluster.Deleted);
        await using var next = await HostAsync();
        await next.Http.WaitAsync(id, run => (int)run.Step("train")["attempts"]! == 2);
        _cluster.End(_cluster.Jobs.Values.Single(), "Failed", "BackoffLimitExceeded", "", ClusterDouble.Ended(3, "Error"));
        Assert.Contains("code 3", (await EndAsync(next, id, "failed")).Text("error"), StringComparison.Ordinal);

        // Asked to try again, it does not take the Job that failed for its own.
        _cluster.Instead = _ => false;
        await next.Http.SendAsync(HttpMethod.Post, $"/api/runs/{id}/retry", expected: 202);
        await EndAsync(next, id, "succeeded");
        Assert.Equal(2, _cluster.Created.Count);
    }

    [Fact]
    public async Task An_API_that_is_away_for_a_while_does_not_fail_the_step()
    {
        var asked = 0;
        _cluster.Before = context => Task.FromResult<int?>(context.Request.Method == "GET" && Interlocked.Increment(ref asked) is > 2 and < 6 ? 503 : null);
        await using var host = await HostAsync();
        var run = await EndAsync(host, await StartAsync(host, TrainOnly), "succeeded");
        Assert.Equal(1, (int)run.Step("train")["attempts"]!);
        Assert.True(asked > 5);
    }

    [Fact]
    public async Task A_service_without_a_cluster_and_a_cluster_that_refuses_say_so()
    {
        await using (var host = await _world.HostAsync())
        {
            Assert.Contains("Training:Kubernetes:Image", (await EndAsync(host, await StartAsync(host, TrainOnly), "failed")).Text("error"), StringComparison.Ordinal);
        }

        await using (var host = await HostAsync(("Training:Kubernetes:Kubeconfig", "/nowhere")))
        {
            Assert.Contains("no cluster", (await EndAsync(host, await StartAsync(host, TrainOnly, again: true), "failed")).Text("error"), StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(_world.Folder["kubeconfig"], _cluster.Kubeconfig.Replace("cluster-token", "other", StringComparison.Ordinal));
        await using (var host = await HostAsync())
        {
            Assert.Contains("the cluster answered 401: Unauthorized", (await EndAsync(host, await StartAsync(host, TrainOnly, again: true), "failed")).Text("error"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{ "kind": "child_process", "image": "x" }""", "image")]
    [InlineData("""{ "kind": "kubernetes", "memory_mb": 100, "memory_request_mb": 200 }""", "memory_request_mb")]
    [InlineData("""{ "kind": "kubernetes", "cpus": 1, "cpus_request": 2 }""", "cpus_request")]
    [InlineData("""{ "kind": "kubernetes", "env": { "a-b": "1" } }""", "env.a-b")]
    [InlineData("""{ "kind": "kubernetes", "node_selector": { "disk": "a b" } }""", "node_selector.disk")]
    [InlineData("""{ "kind": "kubernetes", "image": " " }""", "image")]
    public async Task What_no_cluster_takes_is_refused_with_its_place(string executor, string key)
    {
        await using var host = await _world.HostAsync();
        var answer = await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", With($$"""{ "executor": {{executor}} }""").ToJsonString(), 422);
        Assert.Contains(answer["errors"]!.AsArray(), e => e!.Text("path") == $"$.execution.executor.{key}");
    }

    private bool Befall(V1Job job, string fate)
    {
        switch (fate)
        {
            case "oom":
                _cluster.End(job, "Failed", "BackoffLimitExceeded", "", ClusterDouble.Ended(137, "OOMKilled"));
                break;
            case "exit":
                _cluster.End(job, "Failed", "BackoffLimitExceeded", "", ClusterDouble.Ended(139, "Error"));
                break;
            case "deadline":
                _cluster.End(job, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
                break;
            case "evicted":
                _cluster.End(job, "Failed", "BackoffLimitExceeded", "", new V1PodStatus { Reason = "Evicted", Message = "low on memory" });
                break;
            case "preempted":
                _cluster.End(job, "Failed", "BackoffLimitExceeded", "", new V1PodStatus { Conditions = [new V1PodCondition { Type = "DisruptionTarget", Status = "True", Reason = "PreemptionByScheduler", Message = "m" }] });
                break;
            case "gone":
                _cluster.Jobs.TryRemove(job.Name(), out _);
                break;
            default:
                _cluster.SetPod(job, ClusterDouble.Waiting(fate == "name" ? "InvalidImageName" : "ImagePullBackOff", "no"));
                break;
        }

        return true;
    }

    private Task<TrainingHost> HostAsync(params (string Key, string Value)[] settings) => _world.HostAsync([.. Settings(), .. settings]);

    private (string Key, string Value)[] Settings() =>
    [
        ("Training:Kubernetes:Kubeconfig", _world.Folder["kubeconfig"]), ("Training:Kubernetes:Image", "training:1"), ("Training:Kubernetes:VolumeClaim", "data"),
        ("Training:Kubernetes:ServiceAccount", "steps"),
    ];

    private static JsonObject With(string? execution)
    {
        var document = Documents.Valid;
        document["execution"] = execution is null ? new JsonObject() : JsonNode.Parse(execution);
        return document;
    }

    private static async Task<string> StartAsync(TrainingHost host, string? execution, Action<JsonObject>? change = null, bool again = false)
    {
        var document = With(execution);
        change?.Invoke(document);
        using var answer = await host.Http.PutAsync(new Uri("/api/pipelines/small", UriKind.Relative), new StringContent(document.ToJsonString(), System.Text.Encoding.UTF8, "application/json"));
        Assert.True(answer.IsSuccessStatusCode && (again || answer.StatusCode == System.Net.HttpStatusCode.Created), await answer.Content.ReadAsStringAsync());
        return (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
    }

    private static string Hash(JsonNode run) => run.Step("train")["outputs"]!.AsArray().Single(o => o!.Text("path") == "model.onnx")!.Text("sha256");

    private static Task<JsonNode> EndAsync(TrainingHost host, string id, string state) => host.Http.WaitForStateAsync(id, state);
}
