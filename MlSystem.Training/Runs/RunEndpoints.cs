using System.Collections.Frozen;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Contracts;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs.Logs;

namespace MlSystem.Training.Runs;

/// <summary>Runs over HTTP.</summary>
public static class RunEndpoints
{
    private const int MaxLimit = 500;
    private static readonly FrozenSet<string> Triggers = new[] { "manual", "schedule", "drift", "new_data", "online", "upstream" }.ToFrozenSet(StringComparer.Ordinal);

    public static IEndpointRouteBuilder MapRuns(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/pipelines/{pipeline}/runs", StartAsync).WithTags("Runs");
        routes.MapGet("/api/pipelines/{pipeline}/runs", ListAsync).WithTags("Runs");
        routes.MapGet("/api/runs/{id}", GetAsync).WithTags("Runs");
        routes.MapPost("/api/runs/{id}/cancel", CancelAsync).WithTags("Runs");
        routes.MapPost("/api/runs/{id}/retry", RetryAsync).WithTags("Runs");
        routes.MapGet("/api/runs/{id}/logs", RunLogEndpoint.GetAsync).WithTags("Runs");
        routes.MapGet("/api/runs/{id}/events", RunEventStream.WatchAsync).WithTags("Runs");
        return routes;
    }

    /// <summary>Queues a run of the pipeline's newest version.</summary>
    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> StartAsync(
        string pipeline, HttpContext http, PipelineStore pipelines, RunQueue queue, CancellationToken cancellationToken)
    {
        var (request, problem) = await RequestJson.ReadOptionalAsync(http.Request, TrainingJson.Default.RunRequest, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var trigger = new RunTrigger { Kind = request?.Trigger ?? "manual", Evidence = request?.Evidence ?? http.User.Identity?.Name ?? "anonymous" };
        if (!Triggers.Contains(trigger.Kind))
        {
            return Problems.Invalid($"trigger must be one of {string.Join(", ", Triggers.Order(StringComparer.Ordinal))}, not '{trigger.Kind}'.");
        }

        if (await pipelines.FindAsync(pipeline, version: null, cancellationToken) is not { } found)
        {
            return await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken);
        }

        var run = await queue.EnqueueAsync(pipeline, found.Version, trigger, cancellationToken, found.Definition.Execution.Concurrency);
        return TypedResults.Accepted($"/api/runs/{run.Id}", RunView.Of(run, steps: null));
    }

    private static async Task<Results<Ok<RunList>, ProblemHttpResult>> ListAsync(
        string pipeline, PipelineStore pipelines, RunReader reader, CancellationToken cancellationToken, int limit = 50, string? before = null)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return Problems.Invalid($"limit must be from 1 to {MaxLimit}.");
        }

        if (await pipelines.FindAsync(pipeline, version: null, cancellationToken) is null)
        {
            return await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken);
        }

        var runs = await reader.OfPipelineAsync(pipeline, limit, before, cancellationToken);
        return TypedResults.Ok(new RunList(runs, runs.Count == limit ? runs[^1].RunId : null));
    }

    private static async Task<Results<Ok<RunView>, ProblemHttpResult>> GetAsync(string id, RunReader reader, CancellationToken cancellationToken) =>
        await reader.FindAsync(id, cancellationToken) is { } run ? TypedResults.Ok(run) : Problems.NoRun(id);

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> CancelAsync(
        string id, HttpContext http, RunCommands commands, RunReader reader, CancellationToken cancellationToken) =>
        await AnswerAsync(await commands.CancelAsync(id, http.User.Identity?.Name ?? "anonymous", cancellationToken), id, "cancel", reader, cancellationToken);

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> RetryAsync(
        string id, RunCommands commands, RunReader reader, CancellationToken cancellationToken) =>
        await AnswerAsync(await commands.RetryAsync(id, cancellationToken), id, "retry", reader, cancellationToken);

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> AnswerAsync(
        Storage.RunRow? changed, string id, string verb, RunReader reader, CancellationToken cancellationToken)
    {
        if (changed is not null)
        {
            return TypedResults.Accepted($"/api/runs/{id}", RunView.Of(changed, steps: null));
        }

        return await reader.FindAsync(id, cancellationToken) is { } run
            ? Problems.Conflict($"Run {id} is {run.State}: it cannot be asked to {verb}.")
            : Problems.NoRun(id);
    }
}
