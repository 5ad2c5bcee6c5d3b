using k8s.Models;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Runs;
using MlSystem.Training.Runs.Logs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>
/// Runs a step as a Kubernetes Job. A Job outlives the worker that started it: the next worker of the run finds it by its labels
/// and goes on with it. A run that is cancelled and an attempt that takes too long delete it.
/// </summary>
public sealed partial class KubernetesExecutor(
    KubernetesApi api, RunReader runs, DataDirectory data, IConfiguration configuration, IOptions<KubernetesOptions> options, RunLog log, TimeProvider time, ILogger<KubernetesExecutor> logger)
{
    private static readonly TimeSpan DeleteTime = TimeSpan.FromSeconds(30);

    /// <summary>Sections that a step needs and that hold no keys.</summary>
    private static readonly string[] Passed = ["services:features:", "services:registry:", "services:monitor:", "Training:"];

    public async Task<StepFacts> RunAsync(StepCall call, CancellationToken cancellationToken)
    {
        var (place, client) = Open();
        var name = StepJob.Name(call.Context.Run.Id, call.Step.Name, call.Context.Attempt);
        try
        {
            var (job, files) = await StartAsync(call, name, place, client, cancellationToken);
            name = job.Name();
            var (ended, last) = await new JobFollower(client, files, log, time, options.Value.VolumeDelay).FollowAsync(job, call, cancellationToken);
            return Result(call, files, last) ?? throw JobOutcome.Failure(ended, await client.PodAsync(ended.Name(), cancellationToken), call.Timeout, call.Executor.MemoryMb);
        }
        catch (StuckJobException stuck)
        {
            await DeleteAsync(client, name);
            throw stuck.Reason;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            if (call.TimedOut.IsCancellationRequested || await IsCancelledAsync(call))
            {
                await DeleteAsync(client, name);
            }

            throw;
        }
    }

    /// <summary>Takes the Job of an earlier worker, or creates one.</summary>
    private async Task<(V1Job Job, JobFiles Files)> StartAsync(StepCall call, string name, JobPlace place, JobClient client, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(call.Context.Place.Folder.Root);
        if (await client.FindAsync(call.Context.Run.Id, call.Step.Name, cancellationToken) is { } found && new JobFiles(root, found.Name()) is var old && File.Exists(old.Request))
        {
            log.Write(LogLevel.Information, $"Goes on with Job {found.Name()}.");
            return (found, old);
        }

        var files = new JobFiles(root, name);
        await files.WriteAsync(StepRequest.Of(call.Step, call.Context) with { Output = files.Output }, cancellationToken);
        var job = await client.CreateAsync(StepJob.Build(call, name, files, place), cancellationToken);
        log.Write(LogLevel.Information, $"Job {name} was created in namespace {place.Namespace}.");
        return (job, files);
    }

    /// <returns>The facts of a step that is done; null when it ended without a word.</returns>
    private static StepFacts? Result(StepCall call, JobFiles files, StepMessage? last)
    {
        switch (last)
        {
            case { Done: { } done }:
                foreach (var read in done.Read)
                {
                    call.Context.NoteRead(read.Step, read.File);
                }

                files.MoveTo(call.Context.Place.Output);
                files.Delete();
                return done.Facts;
            case { Fault: { MayPass: true } fault }:
                throw new TransientStepException(fault.Message);
            case { Fault: { } fault }:
                throw new StepFailedException(fault.Message);
            default:
                return null;
        }
    }

    private (JobPlace Place, JobClient Client) Open()
    {
        var settings = options.Value;
        if (settings.Image is not { Length: > 0 } image || settings.VolumeClaim is not { Length: > 0 } claim)
        {
            throw new StepFailedException("The executor kubernetes is not set up: Training:Kubernetes:Image and Training:Kubernetes:VolumeClaim must be set.");
        }

        var (client, space) = api.Open();
        return (new JobPlace(settings, space, image, claim, data.Root, Environment(configuration, data.Root)), new JobClient(client, space));
    }

    /// <summary>Settings for a step's own process, as environment variables.</summary>
    internal static IReadOnlyDictionary<string, string> Environment(IConfiguration configuration, string dataDirectory)
    {
        var passed = configuration.AsEnumerable()
            .Where(s => s.Value is not null && Passed.Any(p => s.Key.StartsWith(p, StringComparison.OrdinalIgnoreCase)) && !s.Key.StartsWith(KubernetesOptions.Section, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value!, StringComparer.OrdinalIgnoreCase);
        passed["MlSystem__DataDirectory"] = dataDirectory;
        return new SortedDictionary<string, string>(passed, StringComparer.Ordinal);
    }

    private async Task<bool> IsCancelledAsync(StepCall call)
    {
        using var deadline = new CancellationTokenSource(DeleteTime, time);
        return (await runs.RequireAsync(call.Context.Run.Id, deadline.Token)).CancelRequested;
    }

    private async Task DeleteAsync(JobClient client, string job)
    {
        try
        {
            using var deadline = new CancellationTokenSource(DeleteTime, time);
            await client.DeleteAsync(job, deadline.Token);
            log.Write(LogLevel.Information, $"Job {job} was deleted.");
        }
        catch (Exception error)
        {
            LogNotDeleted(job, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} could not be deleted; it ends by itself: {Reason}")]
    private partial void LogNotDeleted(string job, string reason);
}
