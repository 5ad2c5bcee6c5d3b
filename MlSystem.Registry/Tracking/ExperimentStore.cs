using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>Experiments and their tags.</summary>
internal sealed class ExperimentStore(RegistryDatabase database, TimeProvider time)
{
    public const string ArtifactRoot = "mlflow-artifacts:/";

    public Task<string> CreateAsync(CreateExperiment request, CancellationToken cancellationToken)
    {
        var name = Names.Checked(request.Name, "experiment");
        var tags = (request.Tags ?? []).Select(tag => (Key: Names.Key(tag.Key, "tag"), Value: Names.TagValue(tag.Value, tag.Key!))).ToList();
        return database.WriteAsync(
            async db =>
            {
                if (await db.Experiments.FirstOrDefaultAsync(e => e.Name == name, cancellationToken) is { } existing)
                {
                    throw MlflowError.Exists(existing.LifecycleStage == LifecycleStage.Deleted
                        ? $"Experiment '{name}' already exists in deleted state; restore it or use another name."
                        : $"Experiment(name={name}) already exists.");
                }

                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                var experiment = new Experiment { Name = name, ArtifactLocation = request.ArtifactLocation ?? "", CreationTime = now, LastUpdateTime = now };
                db.Experiments.Add(experiment);
                await db.SaveChangesAsync(cancellationToken);
                if (experiment.ArtifactLocation.Length == 0)
                {
                    experiment.ArtifactLocation = ArtifactRoot + Text(experiment.ExperimentId);
                }

                db.Audit.Tags(Tag(experiment.ExperimentId), new Dictionary<string, string>(), [.. tags.Select(t => KeyValuePair.Create(t.Key, (string?)t.Value))]);
                await Upsert.RowsAsync(db, "experiment_tags", ["experiment_id", "key", "value"], OnTagConflict, [.. tags.Select(t => new object[] { experiment.ExperimentId, t.Key, t.Value })], cancellationToken);
                return Text(experiment.ExperimentId);
            },
            cancellationToken);
    }

    public async Task<ExperimentMessage> GetAsync(string? experimentId, CancellationToken cancellationToken)
    {
        var id = Id(experimentId);
        await using var db = database.Read();
        return await OneAsync(db, db.Experiments.Where(e => e.ExperimentId == id), cancellationToken)
            ?? throw MlflowError.NotFound($"No Experiment with id={id} exists");
    }

    public async Task<ExperimentMessage> GetByNameAsync(string? name, CancellationToken cancellationToken)
    {
        var wanted = Require.Text(name, "experiment_name");
        await using var db = database.Read();
        return await OneAsync(db, db.Experiments.Where(e => e.Name == wanted), cancellationToken)
            ?? throw MlflowError.NotFound($"Could not find experiment with name '{wanted}'");
    }

    public async Task<ExperimentsAnswer> SearchAsync(SearchExperiments request, CancellationToken cancellationToken)
    {
        var size = Require.PageSize(request.MaxResults, 1000, 50_000);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var page = await ExperimentQuery.Build(db, request).Skip(offset).Take(size + 1).ToListAsync(cancellationToken);
        var found = await WithTagsAsync(db, [.. page.Take(size)], cancellationToken);
        return new(found.Count == 0 ? null : found, PageToken.Next(offset, size, page.Count));
    }

    public Task RenameAsync(UpdateExperiment request, CancellationToken cancellationToken)
    {
        var name = Names.Checked(request.NewName, "experiment");
        return ChangeAsync(
            request.ExperimentId,
            async (db, experiment) =>
            {
                RequireActive(experiment);
                if (await db.Experiments.AnyAsync(e => e.Name == name && e.ExperimentId != experiment.ExperimentId, cancellationToken))
                {
                    throw MlflowError.Exists($"Experiment(name={name}) already exists.");
                }

                experiment.Name = name;
            },
            cancellationToken);
    }

    /// <summary>Deletes an experiment with its runs, or restores it with them, as MLflow does.</summary>
    public Task SetStageAsync(string? experimentId, string stage, CancellationToken cancellationToken) => ChangeAsync(
        experimentId,
        async (db, experiment) =>
        {
            if (experiment.LifecycleStage == stage)
            {
                throw MlflowError.NotFound($"No Experiment with id={experimentId} exists that could be {(stage == LifecycleStage.Deleted ? "deleted: it is deleted" : "restored: it is active")} already");
            }

            var deleted = stage == LifecycleStage.Deleted ? time.GetUtcNow().ToUnixTimeMilliseconds() : (long?)null;
            experiment.LifecycleStage = stage;
            experiment.DeletedTime = deleted;
            var runs = db.Runs.Where(r => r.ExperimentId == experiment.ExperimentId && r.LifecycleStage != stage);
            var ids = new JsonObject { ["runs"] = new JsonArray([.. await runs.Select(r => r.RunId).ToListAsync(cancellationToken)]), ["lifecycle_stage"] = stage };
            db.Audit.Record(stage == LifecycleStage.Deleted ? "experiment.runs_deleted" : "experiment.runs_restored", $"experiments/{Text(experiment.ExperimentId)}", after: ids);
            await runs.ExecuteUpdateAsync(r => r.SetProperty(x => x.LifecycleStage, stage).SetProperty(x => x.DeletedTime, deleted), cancellationToken);
        },
        cancellationToken);

    public Task DeleteTagAsync(SetExperimentTag request, CancellationToken cancellationToken)
    {
        var key = Require.Text(request.Key, "key");
        return ChangeAsync(
            request.ExperimentId,
            async (db, experiment) =>
            {
                RequireActive(experiment);
                await AuditTagAsync(db, experiment, key, value: null, cancellationToken);
                if (await db.ExperimentTags.Where(t => t.ExperimentId == experiment.ExperimentId && t.Key == key).ExecuteDeleteAsync(cancellationToken) == 0)
                {
                    throw MlflowError.NotFound($"No tag with name: {key} in experiment with id {request.ExperimentId}");
                }
            },
            cancellationToken);
    }

    public Task SetTagAsync(SetExperimentTag request, CancellationToken cancellationToken)
    {
        var key = Names.Key(request.Key, "tag");
        var value = Names.TagValue(request.Value, key);
        return ChangeAsync(
            request.ExperimentId,
            async (db, experiment) =>
            {
                RequireActive(experiment);
                await AuditTagAsync(db, experiment, key, value, cancellationToken);
                await Upsert.RowsAsync(db, "experiment_tags", ["experiment_id", "key", "value"], OnTagConflict, [[experiment.ExperimentId, key, value]], cancellationToken);
            },
            cancellationToken);
    }

    internal static long Id(string? experimentId) =>
        long.TryParse(Require.Text(experimentId, "experiment_id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw MlflowError.NotFound($"No Experiment with id={experimentId} exists");

    private const string OnTagConflict = "(experiment_id, key) DO UPDATE SET value = excluded.value";

    /// <summary>The experiment, tracked; refuses an unknown or deleted one.</summary>
    internal static async Task<Experiment> ActiveAsync(RegistryContext db, long id, CancellationToken cancellationToken)
    {
        var experiment = await db.Experiments.FirstOrDefaultAsync(e => e.ExperimentId == id, cancellationToken)
            ?? throw MlflowError.NotFound($"No Experiment with id={id} exists");
        RequireActive(experiment);
        return experiment;
    }

    private static void RequireActive(Experiment experiment)
    {
        if (experiment.LifecycleStage != LifecycleStage.Active)
        {
            throw MlflowError.Invalid($"The experiment {experiment.ExperimentId} must be in the 'active' state; it is {experiment.LifecycleStage}.");
        }
    }

    private static ExperimentTag Tag(long experimentId) => new() { ExperimentId = experimentId, Key = "", Value = "" };

    private static async Task AuditTagAsync(RegistryContext db, Experiment experiment, string key, string? value, CancellationToken cancellationToken) => db.Audit.Tags(
        Tag(experiment.ExperimentId),
        await db.ExperimentTags.Where(t => t.ExperimentId == experiment.ExperimentId && t.Key == key).ToDictionaryAsync(t => t.Key, t => t.Value, cancellationToken),
        [new(key, value)]);

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static async Task<ExperimentMessage?> OneAsync(RegistryContext db, IQueryable<Experiment> query, CancellationToken cancellationToken) =>
        await query.FirstOrDefaultAsync(cancellationToken) is { } found ? (await WithTagsAsync(db, [found], cancellationToken))[0] : null;

    private static async Task<IReadOnlyList<ExperimentMessage>> WithTagsAsync(RegistryContext db, IReadOnlyList<Experiment> experiments, CancellationToken cancellationToken)
    {
        var ids = experiments.Select(e => e.ExperimentId).ToList();
        var tags = (await db.ExperimentTags.Where(t => ids.Contains(t.ExperimentId)).OrderBy(t => t.Key).ToListAsync(cancellationToken)).ToLookup(t => t.ExperimentId);
        return [.. experiments.Select(e => new ExperimentMessage
        {
            ExperimentId = Text(e.ExperimentId),
            Name = e.Name,
            ArtifactLocation = e.ArtifactLocation,
            LifecycleStage = e.LifecycleStage,
            CreationTime = e.CreationTime,
            LastUpdateTime = e.LastUpdateTime,
            Tags = tags[e.ExperimentId].Any() ? [.. tags[e.ExperimentId].Select(t => new KeyValue(t.Key, t.Value))] : null,
        })];
    }

    private Task ChangeAsync(string? experimentId, Func<RegistryContext, Experiment, Task> change, CancellationToken cancellationToken)
    {
        var id = Id(experimentId);
        return database.WriteAsync(
            async db =>
            {
                var experiment = await db.Experiments.FirstOrDefaultAsync(e => e.ExperimentId == id, cancellationToken)
                    ?? throw MlflowError.NotFound($"No Experiment with id={id} exists");
                await change(db, experiment);
                experiment.LastUpdateTime = time.GetUtcNow().ToUnixTimeMilliseconds();
            },
            cancellationToken);
    }
}
