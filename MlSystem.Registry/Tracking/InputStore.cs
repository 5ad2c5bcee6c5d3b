using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>What runs read and made: data sets and logged models.</summary>
internal sealed class InputStore(RegistryDatabase database)
{
    private const int MaxExperiments = 20;
    private const int MaxDatasets = 1000;
    private const int MaxNameLength = 500;
    private const int MaxDigestLength = 36;
    private const int MaxTagValueLength = 500;
    private const string ContextTag = "mlflow.data.context";

    /// <summary>MLflow's bounds of a data set's longer texts, in characters.</summary>
    private const int MaxSourceLength = 65_535;
    private const int MaxProfileLength = 16_777_215;

    /// <summary>Adds inputs to a run; what is there already stays as it is.</summary>
    public Task LogInputsAsync(LogInputs request, CancellationToken cancellationToken)
    {
        var runId = Require.Text(request.RunId, "run_id");
        var datasets = request.Datasets ?? [];
        if (datasets.Count > MaxDatasets)
        {
            throw MlflowError.Invalid($"At most {MaxDatasets} datasets can be logged in one call; got {datasets.Count}.");
        }

        if (request.Datasets is null or { Count: 0 } && request.Models is null or { Count: 0 })
        {
            throw MlflowError.Invalid("Missing value for required parameter 'datasets' (or 'models').");
        }

        List<(DatasetMessage Dataset, List<KeyValue> Tags)> inputs = [.. datasets.Select(Checked)];
        var models = (request.Models ?? []).Select(m => Require.Text(m.ModelId, "models.model_id")).Distinct(StringComparer.Ordinal).ToList();
        return database.WriteAsync(
            async db =>
            {
                var run = await RunStore.ActiveAsync(db, runId, cancellationToken);
                foreach (var (dataset, tags) in inputs)
                {
                    await AddDatasetAsync(db, run, dataset, tags, cancellationToken);
                }

                await AddModelsAsync(db, runId, [.. models.Select(m => (m, 0L))], isOutput: false, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Adds the logged models that a run made.</summary>
    public Task LogOutputsAsync(LogOutputs request, CancellationToken cancellationToken)
    {
        var runId = Require.Text(request.RunId, "run_id");
        var models = (request.Models ?? []).Select(m => (Id: Require.Text(m.ModelId, "models.model_id"), Step: m.Step ?? 0)).DistinctBy(m => m.Id).ToList();
        return database.WriteAsync(
            async db =>
            {
                await RunStore.ActiveAsync(db, runId, cancellationToken);
                await AddModelsAsync(db, runId, models, isOutput: true, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>The data sets of experiments with the contexts in which their runs used them.</summary>
    public async Task<DatasetsAnswer> SearchDatasetsAsync(SearchDatasets request, CancellationToken cancellationToken)
    {
        var experiments = request.ExperimentIds is { Count: > 0 } given ? given : throw MlflowError.Invalid("SearchDatasets request must specify at least one experiment_id.");
        if (experiments.Count > MaxExperiments)
        {
            throw MlflowError.Invalid($"SearchDatasets request cannot specify more than {MaxExperiments} experiment_ids. Received {experiments.Count}.");
        }

        var ids = experiments.Select(ExperimentStore.Id).ToList();
        await using var db = database.Read();
        var found = await db.RunDatasets.Where(d => ids.Contains(d.ExperimentId) && db.Runs.Any(r => r.RunId == d.RunId && r.LifecycleStage == LifecycleStage.Active))
            .Select(d => new
            {
                d.ExperimentId,
                d.Name,
                d.Digest,
                Context = db.RunDatasetTags.Where(t => t.RunId == d.RunId && t.Name == d.Name && t.Digest == d.Digest && t.Key == ContextTag).Select(t => t.Value).FirstOrDefault(),
            })
            .Distinct().OrderBy(d => d.ExperimentId).ThenBy(d => d.Name).ThenBy(d => d.Digest).ThenBy(d => d.Context)
            .Take(MaxDatasets).ToListAsync(cancellationToken);
        return new([.. found.Select(d => new DatasetSummary(d.ExperimentId.ToString(CultureInfo.InvariantCulture), d.Name, d.Digest, d.Context))]);
    }

    private static (DatasetMessage Dataset, List<KeyValue> Tags) Checked(DatasetInput input)
    {
        var dataset = input.Dataset ?? throw MlflowError.Invalid("Missing value for required parameter 'datasets.dataset'.");
        Bounded(Require.Text(dataset.Name, "dataset.name"), "dataset.name", MaxNameLength);
        Bounded(Require.Text(dataset.Digest, "dataset.digest"), "dataset.digest", MaxDigestLength);
        Bounded(Require.Text(dataset.SourceType, "dataset.source_type"), "dataset.source_type", MaxNameLength);
        Bounded(Require.Text(dataset.Source, "dataset.source"), "dataset.source", MaxSourceLength);
        Bounded(dataset.Schema, "dataset.schema", MaxSourceLength);
        Bounded(dataset.Profile, "dataset.profile", MaxProfileLength);
        var tags = (input.Tags ?? []).Select(t => new KeyValue(Bounded(Require.Text(t.Key, "tags.key"), "tags.key", Names.MaxNameLength), Bounded(t.Value ?? "", "tags.value", MaxTagValueLength)));
        return (dataset, [.. tags.DistinctBy(t => t.Key)]);
    }

    private static string? Bounded(string? value, string field, int limit) =>
        value is null || (value.Length <= limit && !value.Contains('\0', StringComparison.Ordinal))
            ? value
            : throw MlflowError.Invalid($"The value of '{field}' has {value.Length} characters; at most {limit}, none of them NUL, are allowed.");

    private static async Task AddDatasetAsync(RegistryContext db, Run run, DatasetMessage dataset, List<KeyValue> tags, CancellationToken cancellationToken)
    {
        var (name, digest) = (dataset.Name!, dataset.Digest!);
        if (!await db.Datasets.AnyAsync(d => d.ExperimentId == run.ExperimentId && d.Name == name && d.Digest == digest, cancellationToken))
        {
            db.Datasets.Add(new()
            {
                ExperimentId = run.ExperimentId,
                Name = name,
                Digest = digest,
                SourceType = dataset.SourceType!,
                Source = dataset.Source!,
                Schema = dataset.Schema,
                Profile = dataset.Profile,
            });
            await db.SaveChangesAsync(cancellationToken);
        }

        await Upsert.RowsAsync(db, "run_datasets", ["run_id", "experiment_id", "name", "digest"], "DO NOTHING", [[run.RunId, run.ExperimentId, name, digest]], cancellationToken);
        await Upsert.RowsAsync(
            db, "run_dataset_tags", ["run_id", "name", "digest", "key", "value"], "DO NOTHING", [.. tags.Select(t => new object[] { run.RunId, name, digest, t.Key!, t.Value! })], cancellationToken);
    }

    private static async Task AddModelsAsync(RegistryContext db, string runId, IReadOnlyList<(string Id, long Step)> models, bool isOutput, CancellationToken cancellationToken)
    {
        var ids = models.Select(m => m.Id).ToList();
        var known = await db.LoggedModels.Where(m => ids.Contains(m.ModelId)).Select(m => m.ModelId).ToListAsync(cancellationToken);
        if (ids.Find(id => !known.Contains(id)) is { } absent)
        {
            throw MlflowError.NotFound($"Logged model with ID '{absent}' not found.");
        }

        await Upsert.RowsAsync(
            db,
            "run_models",
            ["run_id", "model_id", "is_output", "step"],
            "(run_id, model_id, is_output) DO UPDATE SET step = excluded.step",
            [.. models.Select(m => new object[] { runId, m.Id, isOutput, m.Step })],
            cancellationToken);
    }
}
