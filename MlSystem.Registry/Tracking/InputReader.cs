using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>Inputs and outputs of a page of runs: three queries, however many runs.</summary>
internal sealed record InputReader(ILookup<string, DatasetInput> Datasets, ILookup<string, RunModel> Models)
{
    public static async Task<InputReader> OfAsync(RegistryContext db, List<string> runIds, CancellationToken cancellationToken)
    {
        var datasets = await db.RunDatasets.Where(d => runIds.Contains(d.RunId))
            .Join(db.Datasets, d => new { d.ExperimentId, d.Name, d.Digest }, s => new { s.ExperimentId, s.Name, s.Digest }, (d, s) => new { d.RunId, Set = s })
            .OrderBy(d => d.Set.Name).ThenBy(d => d.Set.Digest).ToListAsync(cancellationToken);
        var tags = datasets.Count == 0
            ? Enumerable.Empty<RunDatasetTag>().ToLookup(_ => default((string, string, string)))
            : (await db.RunDatasetTags.Where(t => runIds.Contains(t.RunId)).OrderBy(t => t.Key).ToListAsync(cancellationToken)).ToLookup(t => (t.RunId, t.Name, t.Digest));
        var models = await db.RunModels.Where(m => runIds.Contains(m.RunId)).OrderBy(m => m.ModelId).ToListAsync(cancellationToken);
        return new(
            datasets.ToLookup(
                d => d.RunId,
                d => new DatasetInput(
                    OrNull(tags[(d.RunId, d.Set.Name, d.Set.Digest)].Select(t => new KeyValue(t.Key, t.Value))),
                    new(d.Set.Name, d.Set.Digest, d.Set.SourceType, d.Set.Source, d.Set.Schema, d.Set.Profile))),
            models.ToLookup(m => m.RunId));
    }

    public RunInputs Inputs(string runId) => new(OrNull(Datasets[runId]), OrNull(Models[runId].Where(m => !m.IsOutput).Select(m => new ModelInput(m.ModelId))));

    public RunOutputs? Outputs(string runId) =>
        OrNull(Models[runId].Where(m => m.IsOutput).Select(m => new ModelOutput(m.ModelId, m.Step))) is { } outputs ? new(outputs) : null;

    private static List<T>? OrNull<T>(IEnumerable<T> items) => items.ToList() is { Count: > 0 } list ? list : null;
}
