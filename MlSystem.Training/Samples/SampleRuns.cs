using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Samples;

/// <summary>Each sample has one run, however often and by how many it is asked for.</summary>
public sealed class SampleRuns(
    IDbContextFactory<TrainingContext> contexts, SampleCatalog samples, PipelineStore pipelines, RunQueue queue, RunCommands commands, RunReader reader, RunSignal signal)
{
    /// <summary>Starts the sample's run, or finds it; one that failed or was cancelled goes on behind its last finished step.</summary>
    public async Task<SampleAnswer> StartAsync(string sample, string principal, CancellationToken cancellationToken)
    {
        var id = await FindAsync(sample, cancellationToken) ?? await CreateAsync(sample, principal, cancellationToken);
        await commands.RetryAsync(id, cancellationToken);
        var run = await reader.RequireAsync(id, cancellationToken);
        return new SampleAnswer(sample, run.Id, run.State, run.State == RunState.Succeeded, run.Pipeline);
    }

    public async Task<string?> FindAsync(string sample, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Samples.Where(s => s.Name == sample).Select(s => s.RunId).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>Pipeline, run and the note that this is the sample's run are written in one transaction; of several requests one wins.</summary>
    private async Task<string> CreateAsync(string sample, string principal, CancellationToken cancellationToken)
    {
        var definition = samples.Pipeline(sample);
        while (true)
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var (pipeline, _) = await pipelines.StageAsync(context, definition, principal, cancellationToken);
            var run = queue.Add(context, pipeline.Name, pipeline.Version, new RunTrigger { Kind = "manual", Evidence = $"sample {sample}, asked for by {principal}" }, sample, definition.Execution.Concurrency);
            context.Samples.Add(new SampleRow { Name = sample, RunId = run.Id });
            try
            {
                await context.SaveChangesAsync(cancellationToken);
                signal.Pulse();
                return run.Id;
            }
            catch (DbUpdateException error) when (error.IsDuplicate())
            {
                // The sample, or just the next version of its pipeline, was written in between.
                if (await FindAsync(sample, cancellationToken) is { } existing)
                {
                    return existing;
                }
            }
        }
    }
}
