using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Triggers;

/// <summary>Decides what a trigger's event leads to. Decision, run and the trigger's memory are one transaction, and of two replicas one wins.</summary>
public sealed class TriggerGate(IDbContextFactory<TrainingContext> contexts, RunQueue queue, RunSignal signal, TimeProvider time)
{
    /// <summary>Starts a run, or records why not.</summary>
    /// <param name="key">What fired, unique within the trigger.</param>
    /// <param name="refusal">A reason known already.</param>
    /// <param name="asksAgain">Whether a refused event comes again by itself; then its refusal is recorded once an hour and does not stand in the way.</param>
    /// <param name="change">What the trigger remembers afterwards; told whether a run was started.</param>
    /// <returns>The decision; null when this event was decided before, here or elsewhere.</returns>
    public async Task<FiringRow?> FireAsync(
        PipelineView pipeline, TriggerSpec trigger, string key, string evidence, CancellationToken cancellationToken,
        string? refusal = null, bool asksAgain = false, Action<TriggerRow, bool>? change = null)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var row = await RowAsync(context, pipeline, trigger, now, cancellationToken);
        refusal ??= TriggerPolicy.Refusal(trigger, row.Paused, await UseAsync(context, pipeline.Name, now, cancellationToken), pipeline.Definition.Budget, now);
        var recorded = refusal is not null && asksAgain ? string.Create(CultureInfo.InvariantCulture, $"{key}!{now.UtcDateTime:yyyy-MM-dd'T'HH}") : key;
        change?.Invoke(row, refusal is null);
        row.Revision++;
        var decided = await context.Firings.AnyAsync(f => f.Pipeline == pipeline.Name && f.Trigger == trigger.Name && f.Key == recorded, cancellationToken);
        var firing = decided ? null : Decide(context, pipeline, trigger, recorded, evidence, refusal, now);
        try
        {
            await context.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException error) when (error is DbUpdateConcurrencyException || error.IsDuplicate())
        {
            return null;
        }

        signal.Pulse();
        return firing;
    }

    /// <summary>Changes what a trigger remembers; false when another replica did so at the same time.</summary>
    public async Task<bool> RememberAsync(PipelineView pipeline, TriggerSpec trigger, Action<TriggerRow> change, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await RowAsync(context, pipeline, trigger, time.GetUtcNow(), cancellationToken);
        change(row);
        row.Revision++;
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException error) when (error is DbUpdateConcurrencyException || error.IsDuplicate())
        {
            return false;
        }
    }

    /// <summary>What a trigger remembers; null before its first event.</summary>
    public async Task<TriggerRow?> FindAsync(string pipeline, string trigger, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Triggers.AsNoTracking().SingleOrDefaultAsync(t => t.Pipeline == pipeline && t.Name == trigger, cancellationToken);
    }

    /// <summary>When the pipeline's newest run was asked for.</summary>
    public async Task<DateTimeOffset?> LastRunAsync(string pipeline, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Runs.Where(r => r.Pipeline == pipeline).OrderByDescending(r => r.Id).Select(r => (DateTimeOffset?)r.CreatedAt).FirstOrDefaultAsync(cancellationToken);
    }

    private FiringRow Decide(TrainingContext context, PipelineView pipeline, TriggerSpec trigger, string key, string evidence, string? refusal, DateTimeOffset now)
    {
        var run = refusal is null
            ? queue.Add(context, pipeline.Name, pipeline.Version, new RunTrigger { Kind = Kind(trigger.Kind), Evidence = $"{trigger.Name}: {evidence}" }, sample: null, pipeline.Definition.Execution.Concurrency)
            : null;
        return context.Firings.Add(new FiringRow
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Pipeline = pipeline.Name,
            Trigger = trigger.Name,
            Kind = trigger.Kind,
            Key = key,
            Time = now,
            Evidence = evidence,
            RunId = run?.Id,
            Reason = refusal,
        }).Entity;
    }

    private static async Task<TriggerRow> RowAsync(TrainingContext context, PipelineView pipeline, TriggerSpec trigger, DateTimeOffset now, CancellationToken cancellationToken) =>
        await context.Triggers.SingleOrDefaultAsync(t => t.Pipeline == pipeline.Name && t.Name == trigger.Name, cancellationToken)
            ?? context.Triggers.Add(new TriggerRow { Pipeline = pipeline.Name, Name = trigger.Name, Since = now }).Entity;

    private static async Task<PipelineUse> UseAsync(TrainingContext context, string pipeline, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var runs = context.Runs.AsNoTracking().Where(r => r.Pipeline == pipeline);
        var today = await runs.Where(r => r.CreatedAt >= midnight).Select(r => new { r.StartedAt, r.FinishedAt }).ToListAsync(cancellationToken);
        var last = await runs.OrderByDescending(r => r.Id).Select(r => (DateTimeOffset?)r.CreatedAt).FirstOrDefaultAsync(cancellationToken);
        var queued = await runs.Where(r => r.State == RunState.Queued).OrderBy(r => r.Id).Select(r => r.Id).FirstOrDefaultAsync(cancellationToken);
        return new PipelineUse(queued, last, today.Count, today.Sum(r => r.StartedAt is { } start ? ((r.FinishedAt ?? now) - start).TotalMinutes : 0));
    }

    private static string Kind(string trigger) => trigger == TriggerKind.Cron ? "schedule" : trigger;
}
