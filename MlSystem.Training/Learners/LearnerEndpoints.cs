using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Learners.Storage;

namespace MlSystem.Training.Learners;

/// <summary>Online learners over HTTP.</summary>
internal static class LearnerEndpoints
{
    public static IEndpointRouteBuilder MapLearners(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/learners").WithTags("Learners");
        api.MapGet("/", async (LearnerStore learners, CancellationToken cancellationToken) => TypedResults.Ok(new LearnerList(await learners.AllAsync(null, cancellationToken))));
        api.MapGet("/{learner}", GetAsync);
        api.MapPut("/{learner}", PutAsync).Accepts<LearnerDefinition>("application/json", "application/yaml");
        api.MapDelete("/{learner}", DeleteAsync);
        api.MapPost("/{learner}/events", LearnerRows.PostAsync).Accepts<object>("application/json", "application/x-ndjson");
        api.MapPost("/{learner}/pause", PauseAsync);
        api.MapPost("/{learner}/resume", ResumeAsync);
        api.MapGet("/{learner}/snapshots", SnapshotsAsync);
        api.MapPost("/{learner}/snapshots", SnapshotAsync);
        api.MapPost("/{learner}/rollback", RollbackAsync).Accepts<RollbackRequest>("application/json");
        return routes;
    }

    internal static async Task<ProblemHttpResult> NoLearnerAsync(LearnerStore learners, string name, CancellationToken cancellationToken)
    {
        var known = (await learners.AllAsync(null, cancellationToken)).Select(l => l.Name).ToList();
        return TypedResults.Problem(
            known.Count == 0 ? $"There is no learner '{name}'; none is defined yet." : $"There is no learner '{name}'; there are {string.Join(", ", known)}.",
            statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<LearnerView>, ProblemHttpResult>> GetAsync(string learner, LearnerStore learners, CancellationToken cancellationToken) =>
        await learners.FindAsync(learner, cancellationToken) is { } found ? TypedResults.Ok(found) : await NoLearnerAsync(learners, learner, cancellationToken);

    /// <summary>Defines a learner, which begins to run, or changes one.</summary>
    private static async Task<Results<Ok<LearnerView>, Created<LearnerView>, ProblemHttpResult>> PutAsync(
        string learner, HttpContext http, LearnerStore learners, CancellationToken cancellationToken, bool reset = false)
    {
        var (document, problem) = await RequestJson.ReadDocumentAsync(http.Request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var (definition, errors) = LearnerReader.Read(document, learner);
        if (definition is null)
        {
            return Problems.Invalid("The learner was not stored: its definition has errors.", errors);
        }

        var (isNew, conflict) = await learners.PutAsync(definition, reset, cancellationToken);
        if (conflict is not null)
        {
            return Problems.Conflict(conflict);
        }

        var view = (await learners.FindAsync(learner, cancellationToken))!;
        return isNew ? TypedResults.Created($"/api/learners/{learner}", view) : TypedResults.Ok(view);
    }

    /// <summary>Forgets a learner with its weights; registered versions stay.</summary>
    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string learner, LearnerStore learners, CancellationToken cancellationToken) =>
        await learners.DeleteAsync(learner, cancellationToken) ? TypedResults.NoContent() : await NoLearnerAsync(learners, learner, cancellationToken);

    private static Task<Results<Ok<LearnerView>, ProblemHttpResult>> PauseAsync(string learner, LearnerStore learners, CancellationToken cancellationToken) =>
        ChangeAsync(learner, learners, l => l.State = LearnerState.Paused, cancellationToken);

    /// <summary>Goes on behind the last consumed event, after a pause or a failure.</summary>
    private static Task<Results<Ok<LearnerView>, ProblemHttpResult>> ResumeAsync(string learner, LearnerStore learners, CancellationToken cancellationToken) =>
        ChangeAsync(learner, learners, l => (l.State, l.Error) = (LearnerState.Running, null), cancellationToken);

    private static async Task<Results<Ok<SnapshotList>, ProblemHttpResult>> SnapshotsAsync(string learner, LearnerStore learners, CancellationToken cancellationToken) =>
        await learners.FindAsync(learner, cancellationToken) is { } found
            ? TypedResults.Ok(new SnapshotList(await learners.SnapshotsAsync(found.Id, cancellationToken)))
            : await NoLearnerAsync(learners, learner, cancellationToken);

    /// <summary>Takes a snapshot soon.</summary>
    private static async Task<Results<Accepted<LearnerView>, ProblemHttpResult>> SnapshotAsync(string learner, LearnerStore learners, CancellationToken cancellationToken)
    {
        if (await learners.FindAsync(learner, cancellationToken) is { Definition.Snapshots: null })
        {
            return Problems.Conflict($"Learner '{learner}' declares no section 'snapshots', which names the model to register.");
        }

        return await learners.ChangeAsync(learner, l => l.SnapshotRequested = true, cancellationToken)
            ? TypedResults.Accepted($"/api/learners/{learner}/snapshots", await learners.FindAsync(learner, cancellationToken))
            : await NoLearnerAsync(learners, learner, cancellationToken);
    }

    /// <summary>Takes back the weights of an earlier snapshot; rows behind it are not learnt again.</summary>
    private static async Task<Results<Accepted<LearnerView>, ProblemHttpResult>> RollbackAsync(
        string learner, HttpContext http, LearnerStore learners, CancellationToken cancellationToken)
    {
        var (request, problem) = await RequestJson.ReadOptionalAsync(http.Request, LearnerJson.Default.RollbackRequest, cancellationToken);
        if (request is null)
        {
            return problem ?? Problems.Invalid("The body must name a snapshot: {\"snapshot\": 3}.");
        }

        if (await learners.FindAsync(learner, cancellationToken) is not { } found)
        {
            return await NoLearnerAsync(learners, learner, cancellationToken);
        }

        var kept = (await learners.SnapshotsAsync(found.Id, cancellationToken)).Where(s => s.CanRollBack).Select(s => s.Number).ToList();
        if (!kept.Contains(request.Snapshot))
        {
            return Problems.Conflict($"Learner '{learner}' keeps no weights of a snapshot {request.Snapshot}; {(kept.Count == 0 ? "it keeps none" : $"it keeps {string.Join(", ", kept)}")}.");
        }

        await learners.ChangeAsync(learner, l => (l.Rollback, l.State, l.Error) = (request.Snapshot, l.State == LearnerState.Failed ? LearnerState.Running : l.State, null), cancellationToken);
        return TypedResults.Accepted($"/api/learners/{learner}", await learners.FindAsync(learner, cancellationToken));
    }

    private static async Task<Results<Ok<LearnerView>, ProblemHttpResult>> ChangeAsync(string learner, LearnerStore learners, Action<LearnerRecord> change, CancellationToken cancellationToken) =>
        await learners.ChangeAsync(learner, change, cancellationToken)
            ? TypedResults.Ok((await learners.FindAsync(learner, cancellationToken))!)
            : await NoLearnerAsync(learners, learner, cancellationToken);
}
