using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>Reads runs, their steps and their events.</summary>
public sealed class RunReader(IDbContextFactory<TrainingContext> contexts)
{
    /// <summary>Events read in one go.</summary>
    private const int EventPage = 256;

    public async Task<RunView?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var run = await context.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        return run is null
            ? null
            : RunView.Of(run, await context.Steps.AsNoTracking().Where(s => s.RunId == id).OrderBy(s => s.Index).ToListAsync(cancellationToken));
    }

    public async Task<RunRow> RequireAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Runs.AsNoTracking().SingleAsync(r => r.Id == id, cancellationToken);
    }

    /// <summary>Runs of a pipeline, newest first, those older than <paramref name="before"/>.</summary>
    public async Task<IReadOnlyList<RunView>> OfPipelineAsync(string pipeline, int limit, string? before, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var runs = await context.Runs.AsNoTracking()
            .Where(r => r.Pipeline == pipeline && (before == null || r.Id.CompareTo(before) < 0))
            .OrderByDescending(r => r.Id).Take(limit).ToListAsync(cancellationToken);
        return [.. runs.Select(run => RunView.Of(run, steps: null))];
    }

    /// <summary>Step → seconds of the pipeline's last successful run; empty when there is none.</summary>
    public async Task<IReadOnlyDictionary<string, double>> LastDurationsAsync(string pipeline, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var last = await context.Runs.Where(r => r.Pipeline == pipeline && r.State == RunState.Succeeded)
            .OrderByDescending(r => r.Id).Select(r => r.Id).FirstOrDefaultAsync(cancellationToken);
        return await context.Steps.Where(s => s.RunId == last && s.DurationMilliseconds != null)
            .ToDictionaryAsync(s => s.Name, s => s.DurationMilliseconds!.Value / 1000.0, cancellationToken);
    }

    /// <summary>The run's events behind a sequence number, in order, up to the newest.</summary>
    public async IAsyncEnumerable<RunEventRow> EventsAsync(string id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        int found;
        do
        {
            var page = await context.RunEvents.AsNoTracking().Where(e => e.RunId == id && e.Sequence > after)
                .OrderBy(e => e.Sequence).Take(EventPage).ToListAsync(cancellationToken);
            foreach (var entry in page)
            {
                yield return entry;
                after = entry.Sequence;
            }

            found = page.Count;
        }
        while (found == EventPage);
    }
}
