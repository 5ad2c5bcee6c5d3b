using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Search;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Tracking;

/// <summary>Runs: created, read, searched and ended here; what is logged to them is in <see cref="RunLog"/>.</summary>
internal sealed class RunStore(RegistryDatabase database, TimeProvider time)
{
    private const string NameTag = "mlflow.runName";

    public Task<RunMessage> CreateAsync(CreateRun request, string caller, CancellationToken cancellationToken)
    {
        var experimentId = ExperimentStore.Id(string.IsNullOrEmpty(request.ExperimentId) ? "0" : request.ExperimentId);
        var now = time.GetUtcNow();
        var runId = Guid.CreateVersion7(now).ToString("N");
        var tags = (request.Tags ?? []).Select(tag => new KeyValue(Names.Key(tag.Key, "tag"), Names.TagValue(tag.Value, tag.Key!))).DistinctBy(t => t.Key).ToList();
        var name = request.RunName is { Length: > 0 } given ? given : tags.Find(t => t.Key == NameTag)?.Value ?? "run-" + runId[^8..];
        name = Names.TagValue(name, NameTag);
        tags.RemoveAll(t => t.Key == NameTag);
        tags.Add(new(NameTag, name));
        return database.WriteAsync(
            async db =>
            {
                var experiment = await ExperimentStore.ActiveAsync(db, experimentId, cancellationToken);
                var run = new Run
                {
                    RunId = runId,
                    ExperimentId = experimentId,
                    Name = name,
                    UserId = string.IsNullOrEmpty(request.UserId) ? caller : request.UserId,
                    Status = RunStatus.Running,
                    StartTime = request.StartTime ?? now.ToUnixTimeMilliseconds(),
                    ArtifactUri = $"{experiment.ArtifactLocation.TrimEnd('/')}/{runId}/artifacts",
                };
                db.Runs.Add(run);
                db.RunTags.AddRange(tags.Select(t => new RunTag { RunId = runId, Key = t.Key!, Value = t.Value! }));
                return new RunMessage(Info(run), new(null, null, [.. tags.OrderBy(t => t.Key, StringComparer.Ordinal)]), new(null, null), null);
            },
            cancellationToken);
    }

    public async Task<RunMessage> GetAsync(string? id, CancellationToken cancellationToken)
    {
        var runId = Require.Text(id, "run_id");
        await using var db = database.Read();
        var run = await db.Runs.FirstOrDefaultAsync(r => r.RunId == runId, cancellationToken) ?? throw NotFound(runId);
        return (await WithDataAsync(db, [run], cancellationToken))[0];
    }

    public Task<RunInfo> UpdateAsync(UpdateRun request, CancellationToken cancellationToken)
    {
        var runId = Require.Text(request.RunId ?? request.RunUuid, "run_id");
        if (request.Status is not null && !RunStatus.All.Contains(request.Status))
        {
            throw MlflowError.Invalid($"Invalid value '{request.Status}' for parameter 'status': {string.Join(", ", RunStatus.All)}.");
        }

        var name = request.RunName is { Length: > 0 } given ? Names.TagValue(given, NameTag) : null;
        return database.WriteAsync(
            async db =>
            {
                var run = await ActiveAsync(db, runId, cancellationToken);
                run.Status = request.Status ?? run.Status;
                run.EndTime = request.EndTime ?? run.EndTime;
                run.Name = name ?? run.Name;
                if (name is not null)
                {
                    await RunLog.SetTagsAsync(db, runId, [new(NameTag, name)], cancellationToken);
                }

                return Info(run);
            },
            cancellationToken);
    }

    public Task SetStageAsync(string? id, string stage, CancellationToken cancellationToken)
    {
        var runId = Require.Text(id, "run_id");
        return database.WriteAsync(
            async db =>
            {
                var run = await db.Runs.FirstOrDefaultAsync(r => r.RunId == runId, cancellationToken) ?? throw NotFound(runId);
                if (run.LifecycleStage != stage)
                {
                    run.LifecycleStage = stage;
                    run.DeletedTime = stage == LifecycleStage.Deleted ? time.GetUtcNow().ToUnixTimeMilliseconds() : null;
                }
            },
            cancellationToken);
    }

    public async Task<RunsAnswer> SearchAsync(SearchRuns request, CancellationToken cancellationToken)
    {
        var size = Require.PageSize(request.MaxResults, 1000, 50_000);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var page = await PiecedPage.ReadAsync(RunOrder.Pieces(db, RunQuery.Filtered(db, request), request.OrderBy), offset, size + 1, cancellationToken);
        var runs = await WithDataAsync(db, [.. page.Take(size)], cancellationToken);
        return new(runs.Count == 0 ? null : runs, PageToken.Next(offset, size, page.Count));
    }

    /// <summary>The run, tracked; refuses an unknown or deleted one.</summary>
    internal static async Task<Run> ActiveAsync(RegistryContext db, string runId, CancellationToken cancellationToken)
    {
        var run = await db.Runs.FirstOrDefaultAsync(r => r.RunId == runId, cancellationToken) ?? throw NotFound(runId);
        return run.LifecycleStage == LifecycleStage.Active
            ? run
            : throw MlflowError.Invalid($"The run {runId} must be in the 'active' state; it is {run.LifecycleStage}.");
    }

    internal static ErrorAnswerException NotFound(string runId) => MlflowError.NotFound($"Run with id={runId} not found");

    internal static MetricMessage Metric(string key, double value, bool isNan, long timestamp, long step) => new(key, isNan ? double.NaN : value, timestamp, step);

    /// <summary>Params, tags, latest metrics, inputs and outputs of a page of runs: a fixed number of queries, however many runs.</summary>
    private static async Task<IReadOnlyList<RunMessage>> WithDataAsync(RegistryContext db, IReadOnlyList<Run> runs, CancellationToken cancellationToken)
    {
        if (runs.Count == 0)
        {
            return [];
        }

        var ids = runs.Select(r => r.RunId).ToList();
        var parameters = (await db.RunParams.Where(p => ids.Contains(p.RunId)).OrderBy(p => p.Key).ToListAsync(cancellationToken)).ToLookup(p => p.RunId);
        var tags = (await db.RunTags.Where(t => ids.Contains(t.RunId)).OrderBy(t => t.Key).ToListAsync(cancellationToken)).ToLookup(t => t.RunId);
        var metrics = (await db.LatestMetrics.Where(m => ids.Contains(m.RunId)).OrderBy(m => m.Key).ToListAsync(cancellationToken)).ToLookup(m => m.RunId);
        var inputs = await InputReader.OfAsync(db, ids, cancellationToken);
        return [.. runs.Select(run => new RunMessage(
            Info(run),
            new(
                OrNull(metrics[run.RunId].Select(m => Metric(m.Key, m.Value, m.IsNan, m.Timestamp, m.Step))),
                OrNull(parameters[run.RunId].Select(p => new KeyValue(p.Key, p.Value))),
                OrNull(tags[run.RunId].Select(t => new KeyValue(t.Key, t.Value)))),
            inputs.Inputs(run.RunId),
            inputs.Outputs(run.RunId)))];
    }

    /// <summary>MLflow leaves out what is empty.</summary>
    private static List<T>? OrNull<T>(IEnumerable<T> items) => items.ToList() is { Count: > 0 } list ? list : null;

    private static RunInfo Info(Run run) => new()
    {
        RunId = run.RunId,
        RunUuid = run.RunId,
        RunName = run.Name,
        ExperimentId = run.ExperimentId.ToString(CultureInfo.InvariantCulture),
        UserId = run.UserId,
        Status = run.Status,
        StartTime = run.StartTime,
        EndTime = run.EndTime,
        ArtifactUri = run.ArtifactUri,
        LifecycleStage = run.LifecycleStage,
    };
}
