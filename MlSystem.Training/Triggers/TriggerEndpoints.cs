using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Triggers;

/// <summary>Triggers of a pipeline over HTTP: their state, pause and resume, and every decision.</summary>
internal static class TriggerEndpoints
{
    private const int MaxLimit = 500;

    public static IEndpointRouteBuilder MapTriggers(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/pipelines/{pipeline}").WithTags("Triggers");
        api.MapGet("/triggers", ListAsync);
        api.MapPost("/triggers/{trigger}/pause", PauseAsync);
        api.MapPost("/triggers/{trigger}/resume", ResumeAsync);
        api.MapGet("/firings", FiringsAsync);
        return routes;
    }

    private static async Task<Results<Ok<TriggerList>, ProblemHttpResult>> ListAsync(
        string pipeline, PipelineStore pipelines, TriggerGate gate, CronTriggers cron, CancellationToken cancellationToken)
    {
        if (await pipelines.FindAsync(pipeline, version: null, cancellationToken) is not { } found)
        {
            return await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken);
        }

        List<TriggerView> views = [];
        foreach (var trigger in found.Definition.Triggers)
        {
            views.Add(View(trigger, await gate.FindAsync(pipeline, trigger.Name, cancellationToken), cron));
        }

        return TypedResults.Ok(new TriggerList(views));
    }

    private static Task<Results<Ok<TriggerView>, ProblemHttpResult>> PauseAsync(
        string pipeline, string trigger, PipelineStore pipelines, TriggerGate gate, CronTriggers cron, CancellationToken cancellationToken) =>
        ChangeAsync(pipeline, trigger, row => row.Paused = true, pipelines, gate, cron, cancellationToken);

    /// <summary>From now on: what was missed during the pause stays so.</summary>
    private static Task<Results<Ok<TriggerView>, ProblemHttpResult>> ResumeAsync(
        string pipeline, string trigger, PipelineStore pipelines, TriggerGate gate, CronTriggers cron, TimeProvider time, CancellationToken cancellationToken) =>
        ChangeAsync(pipeline, trigger, row => (row.Paused, row.Since) = (false, row.Paused ? time.GetUtcNow() : row.Since), pipelines, gate, cron, cancellationToken);

    private static async Task<Results<Ok<TriggerView>, ProblemHttpResult>> ChangeAsync(
        string pipeline, string trigger, Action<TriggerRow> change, PipelineStore pipelines, TriggerGate gate, CronTriggers cron, CancellationToken cancellationToken)
    {
        if (await pipelines.FindAsync(pipeline, version: null, cancellationToken) is not { } found)
        {
            return await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken);
        }

        if (found.Definition.Triggers.FirstOrDefault(t => t.Name == trigger) is not { } spec)
        {
            return TypedResults.Problem(
                $"Pipeline '{pipeline}' has no trigger '{trigger}'; it has {(found.Definition.Triggers.Count == 0 ? "none" : string.Join(", ", found.Definition.Triggers.Select(t => t.Name)))}.",
                statusCode: StatusCodes.Status404NotFound);
        }

        while (!await gate.RememberAsync(found, spec, change, cancellationToken))
        {
            // Something fired at this very moment: look again.
        }

        return TypedResults.Ok(View(spec, await gate.FindAsync(pipeline, trigger, cancellationToken), cron));
    }

    /// <summary>Decisions of a pipeline's triggers, newest first.</summary>
    private static async Task<Results<Ok<FiringList>, ProblemHttpResult>> FiringsAsync(
        string pipeline, PipelineStore pipelines, IDbContextFactory<TrainingContext> contexts, CancellationToken cancellationToken, int limit = 50, string? before = null)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return Problems.Invalid($"limit must be from 1 to {MaxLimit}.");
        }

        if (await pipelines.FindAsync(pipeline, version: null, cancellationToken) is null)
        {
            return await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken);
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Firings.AsNoTracking().Where(f => f.Pipeline == pipeline && (before == null || f.Id.CompareTo(before) < 0))
            .OrderByDescending(f => f.Id).Take(limit).ToListAsync(cancellationToken);
        return TypedResults.Ok(new FiringList(
            [.. rows.Select(f => new FiringView(f.Id, f.Trigger, f.Kind, f.Time, f.Evidence, f.RunId is null ? "suppressed" : "started", f.RunId, f.Reason))],
            rows.Count == limit ? rows[^1].Id : null));
    }

    private static TriggerView View(TriggerSpec trigger, TriggerRow? row, CronTriggers cron) => new(
        trigger.Name, trigger.Kind, row?.Paused ?? false, trigger.Kind == TriggerKind.Cron ? cron.Next(trigger) : null, row?.PendingUntil, row?.PendingEvidence);
}

/// <summary>A trigger's state.</summary>
/// <param name="NextAt">Kind cron: its next time.</param>
/// <param name="HeldUntil">When the events that are held back start a run; absent when there are none.</param>
internal sealed record TriggerView(string Name, string Kind, bool Paused, DateTimeOffset? NextAt, DateTimeOffset? HeldUntil, string? HeldEvidence);

/// <summary>The triggers of a pipeline.</summary>
internal sealed record TriggerList(IReadOnlyList<TriggerView> Triggers);

/// <summary>A decision.</summary>
/// <param name="Outcome"><c>started</c> or <c>suppressed</c>.</param>
/// <param name="Reason">Why it was suppressed.</param>
internal sealed record FiringView(string FiringId, string Trigger, string Kind, DateTimeOffset Time, string Evidence, string Outcome, string? RunId, string? Reason);

/// <summary>A page of decisions, newest first.</summary>
/// <param name="Next">Pass as <c>before</c> for the next page; absent on the last.</param>
internal sealed record FiringList(IReadOnlyList<FiringView> Firings, string? Next);
