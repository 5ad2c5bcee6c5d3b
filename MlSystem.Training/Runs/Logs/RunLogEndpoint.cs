using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs.Logs;

/// <summary><c>GET /api/runs/{id}/logs</c>.</summary>
internal static class RunLogEndpoint
{
    private const int MaxLimit = 5000;

    /// <param name="after">Only lines behind the one with this id.</param>
    /// <param name="limit">1 to 5000; default 1000.</param>
    /// <param name="step">Only lines of this step.</param>
    public static async Task<Results<Ok<RunLogPage>, ProblemHttpResult>> GetAsync(
        string id, IDbContextFactory<TrainingContext> contexts, RunReader reader, CancellationToken cancellationToken, long after = 0, int limit = 1000, string? step = null)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return Problems.Invalid($"limit must be from 1 to {MaxLimit}.");
        }

        if (await reader.FindAsync(id, cancellationToken) is null)
        {
            return Problems.NoRun(id);
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Logs.AsNoTracking().Where(l => l.RunId == id && l.Id > after && (step == null || l.Step == step)).OrderBy(l => l.Id).Take(limit).ToListAsync(cancellationToken);
        return TypedResults.Ok(new RunLogPage(
            [.. rows.Select(r => new RunLogLine(r.Id, r.Time, r.Level, r.Step, r.Attempt, r.Message))], rows.Count == limit ? rows[^1].Id : null));
    }
}

/// <summary>Lines of a run's log, oldest first.</summary>
/// <param name="Next">Pass as <c>after</c> for the next page; absent when there are no more lines now.</param>
public sealed record RunLogPage(IReadOnlyList<RunLogLine> Lines, long? Next);

/// <summary>A line.</summary>
/// <param name="Level"><c>information</c>, <c>warning</c> or <c>error</c>.</param>
public sealed record RunLogLine(long Id, DateTimeOffset Time, string Level, string? Step, int? Attempt, string Message);
