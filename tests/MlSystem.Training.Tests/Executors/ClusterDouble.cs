using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using MlSystem.Training.Tests.Doubles;

namespace MlSystem.Training.Tests.Executors;

/// <summary>
/// A cluster's API for Jobs and pods that refuses what a real one refuses, and carries Jobs out: the container's command is this build's
/// program, run as a process with the container's arguments and environment only.
/// </summary>
internal sealed class ClusterDouble : ServiceDouble
{
    private const string Space = "ml";
    private const string Token = "cluster-token";
    private readonly Lock _lock = new();
    private readonly ConcurrentBag<Process> _processes = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = 1;

    public ConcurrentDictionary<string, V1Job> Jobs { get; } = new();

    public ConcurrentDictionary<string, V1Pod> Pods { get; } = new();

    /// <summary>Every Job that was ever accepted.</summary>
    public ConcurrentQueue<V1Job> Created { get; } = new();

    /// <summary>Every Job that was deleted.</summary>
    public ConcurrentQueue<string> Deleted { get; } = new();

    /// <summary>What becomes of a Job instead of its command; returns false to carry it out after all.</summary>
    public Func<V1Job, bool> Instead { get; set; } = _ => false;

    /// <summary>A file for the client that leads here.</summary>
    public string Kubeconfig => $$"""
        apiVersion: v1
        kind: Config
        current-context: test
        clusters: [{ name: test, cluster: { server: "{{Address}}" } }]
        users: [{ name: test, user: { token: {{Token}} } }]
        contexts: [{ name: test, context: { cluster: test, user: test, namespace: {{Space}} } }]
        """;

    /// <summary>Ends a Job with a condition, its pod in a state.</summary>
    public void End(V1Job job, string condition, string reason, string message, V1PodStatus? pod = null)
    {
        if (pod is not null)
        {
            Pods[job.Name()] = new V1Pod { Metadata = new V1ObjectMeta { Name = $"{job.Name()}-abcde", CreationTimestamp = DateTime.UnixEpoch }, Status = pod };
        }

        job.Status = new V1JobStatus { Conditions = [new V1JobCondition { Type = condition, Status = "True", Reason = reason, Message = message }] };
        Changed(job);
    }

    public void SetPod(V1Job job, V1PodStatus status)
    {
        Pods[job.Name()] = new V1Pod { Metadata = new V1ObjectMeta { Name = $"{job.Name()}-abcde", CreationTimestamp = DateTime.UnixEpoch }, Status = status };
        Changed(job);
    }

    public static V1PodStatus Ended(int code, string reason) => new()
    {
        ContainerStatuses = [new V1ContainerStatus { Name = "step", Image = "i", ImageID = "", State = new V1ContainerState { Terminated = new V1ContainerStateTerminated { ExitCode = code, Reason = reason } } }],
    };

    public static V1PodStatus Waiting(string reason, string message) => new()
    {
        ContainerStatuses = [new V1ContainerStatus { Name = "step", Image = "i", ImageID = "", State = new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = reason, Message = message } } }],
    };

    protected override void Map(WebApplication app)
    {
        const string JobsPath = $"/apis/batch/v1/namespaces/{Space}/jobs";
        app.Use(async (context, next) =>
        {
            if (context.Request.Headers.Authorization != $"Bearer {Token}")
            {
                await Status(401, "Unauthorized", "Unauthorized").ExecuteAsync(context);
                return;
            }

            await next(context);
        });
        app.MapPost(JobsPath, CreateAsync);
        app.MapGet(JobsPath, ListAsync);
        app.MapGet(JobsPath + "/{name}", (string name) => Jobs.TryGetValue(name, out var job) ? Json(job) : Status(404, "NotFound", $"jobs.batch \"{name}\" not found"));
        app.MapDelete(JobsPath + "/{name}", (string name, string? propagationPolicy) => Delete(name, propagationPolicy));
        app.MapGet($"/api/v1/namespaces/{Space}/pods", (string labelSelector) => Json(new V1PodList
        {
            ApiVersion = "v1",
            Kind = "PodList",
            Metadata = new V1ListMeta(),
            Items = [.. Pods.Where(p => labelSelector == $"batch.kubernetes.io/job-name={p.Key}").Select(p => p.Value)],
        }));
    }

    /// <summary>Ends what is still running.</summary>
    public new async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            Kill(process);
            process.Dispose();
        }

        await base.DisposeAsync();
    }

    private async Task<IResult> CreateAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(cancellationToken);
        if (JobRules.Check(body, Space) is { Count: > 0 } mistakes)
        {
            return Status(422, "Invalid", $"Job.batch is invalid: {string.Join("; ", mistakes)}");
        }

        var job = KubernetesJson.Deserialize<V1Job>(body);
        job.Metadata.CreationTimestamp = DateTime.UnixEpoch.AddSeconds(Created.Count);
        lock (_lock)
        {
            job.Metadata.ResourceVersion = (++_version).ToString(CultureInfo.InvariantCulture);
            if (!Jobs.TryAdd(job.Name(), job))
            {
                return Status(409, "AlreadyExists", $"jobs.batch \"{job.Name()}\" already exists");
            }
        }

        Created.Enqueue(job);
        if (!Instead(job))
        {
            _ = Task.Run(() => CarryOutAsync(job), CancellationToken.None);
        }

        return Json(job, 201);
    }

    private async Task<IResult> ListAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var query = context.Request.Query;
        if (query["watch"] != "true")
        {
            var wanted = query["labelSelector"].ToString().Split(',').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
            return Json(new V1JobList
            {
                ApiVersion = "batch/v1",
                Kind = "JobList",
                Metadata = new V1ListMeta(),
                Items = [.. Jobs.Values.Where(j => wanted.All(w => j.Metadata.Labels.TryGetValue(w.Key, out var value) && value == w.Value))],
            });
        }

        var name = query["fieldSelector"].ToString()["metadata.name=".Length..];
        var since = long.Parse(query["resourceVersion"]!, CultureInfo.InvariantCulture);
        await WatchAsync(context, name, since, cancellationToken);
        return Results.Empty;
    }

    /// <summary>One change behind the version that the client knows, as a server's watch tells it.</summary>
    private async Task WatchAsync(HttpContext context, string name, long since, CancellationToken cancellationToken)
    {
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync(cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = _changed.Task;
            var found = Jobs.GetValueOrDefault(name);
            if (found is null || long.Parse(found.Metadata.ResourceVersion, CultureInfo.InvariantCulture) > since)
            {
                var told = found ?? new V1Job { ApiVersion = "batch/v1", Kind = "Job", Metadata = new V1ObjectMeta { Name = name } };
                await context.Response.WriteAsync($$"""{"type":"{{(found is null ? "DELETED" : "MODIFIED")}}","object":{{KubernetesJson.Serialize(told)}}}""" + "\n", cancellationToken);
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private IResult Delete(string name, string? policy)
    {
        if (policy != "Background" || !Jobs.TryRemove(name, out var job))
        {
            return Status(policy == "Background" ? 404 : 400, "NotFound", $"jobs.batch \"{name}\" not found; policy {policy}");
        }

        Deleted.Enqueue(name);
        foreach (var process in _processes.Where(p => p.StartInfo.Environment["JOB"] == name))
        {
            Kill(process);
        }

        Changed(job);
        return Results.Json(new { apiVersion = "v1", kind = "Status", status = "Success" });
    }

    private async Task CarryOutAsync(V1Job job)
    {
        var container = job.Spec.Template.Spec.Containers.Single();
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in container.Args.Prepend(Path.Combine(AppContext.BaseDirectory, "MlSystem.Training.dll")))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var variable in container.Env)
        {
            start.Environment[variable.Name] = variable.Value;
        }

        start.Environment["JOB"] = job.Name();
        var process = Process.Start(start)!;
        _processes.Add(process);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.WaitForExitAsync();
        End(job, process.ExitCode == 0 ? "Complete" : "Failed", process.ExitCode == 0 ? "" : "BackoffLimitExceeded", "", Ended(process.ExitCode, process.ExitCode == 0 ? "Completed" : "Error"));
    }

    private void Changed(V1Job job)
    {
        lock (_lock)
        {
            job.Metadata.ResourceVersion = (++_version).ToString(CultureInfo.InvariantCulture);
            var changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    private static IResult Json(object value, int status = 200) => Results.Text(KubernetesJson.Serialize(value), "application/json", statusCode: status);

    private static IResult Status(int code, string reason, string message) =>
        Results.Json(new { apiVersion = "v1", kind = "Status", status = "Failure", code, reason, message }, statusCode: code);
}
