using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;

namespace MlSystem.Training.Tuning;

/// <summary>Trials over HTTP.</summary>
public static class TrialEndpoints
{
    public static IEndpointRouteBuilder MapTrials(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/runs/{id}/trials", ListAsync).WithTags("Runs");
        return routes;
    }

    /// <summary>Trials of a run's search, also while it goes on; none when it has not begun. 404 for an unknown run, 409 when its pipeline has no search.</summary>
    private static async Task<Results<Ok<TrialList>, ProblemHttpResult>> ListAsync(
        string id, RunReader runs, PipelineStore pipelines, DataDirectory data, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(id, cancellationToken) is not { } run)
        {
            return Problems.NoRun(id);
        }

        var definition = await pipelines.RequireAsync(run.Pipeline, run.PipelineVersion, cancellationToken);
        if (definition.Tuning is not { } spec)
        {
            return Problems.Conflict($"Pipeline '{run.Pipeline}' version {run.PipelineVersion} has no section tuning, so its runs have no trials.");
        }

        var folder = Path.Combine(data.Own, "runs", run.RunId);
        var journal = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, $"*-{TuneStep.StepName}{TuneStep.JournalSuffix}").FirstOrDefault() : null;
        var book = new TrialBook(spec);
        foreach (var entry in journal is null ? [] : TrialJournal.Read(journal))
        {
            book.Apply(entry);
        }

        return TypedResults.Ok(new TrialList(TrialView.All(spec, book)));
    }
}
