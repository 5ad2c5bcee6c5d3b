using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Materialization;

namespace MlSystem.FeatureStore.Consistency;

/// <summary><c>/api/consistency</c>: replays of logged online reads against the offline join.</summary>
public static class ConsistencyEndpoints
{
    public static IEndpointRouteBuilder MapConsistency(this IEndpointRouteBuilder routes)
    {
        var replays = routes.MapGroup("/api/consistency").WithTags("Consistency");
        replays.MapPost("", PostAsync).AddEndpointFilter<ProblemFilter>().WithSummary("Accepts a replay of logged online reads and answers 202; feature_views (all), from (everything kept) and to (now), by time of the read.");
        replays.MapGet("", ListAsync).WithSummary("Newest first; limit (100, up to 1000).");
        replays.MapGet("/{id}", GetAsync).WithSummary("The replay, with its report when it has succeeded.");
        return routes;
    }

    private static async Task<IResult> PostAsync(HttpContext http, JobStore jobs, CatalogStore catalog, TimeProvider time, CancellationToken cancellationToken)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var issues = new List<FeastIssue>();
        foreach (var member in body.RootElement.EnumerateObject().Where(member => member.Name is not ("feature_views" or "from" or "to")))
        {
            issues.Add(FeastIssue.At("extra_forbidden", "There is no such member; allowed: feature_views from to.", member.Name));
        }

        var from = MaterializeEndpoints.Time(body.RootElement, "from", issues, required: false) ?? DateTimeOffset.UnixEpoch;
        var to = MaterializeEndpoints.Time(body.RootElement, "to", issues, required: false) ?? time.GetUtcNow().AddMicroseconds(1);
        var views = MaterializeEndpoints.Views(body.RootElement, issues);
        if (from >= to)
        {
            issues.Add(FeastIssue.At("value_error", "from is not before to", "from"));
        }

        JsonBody.ThrowIfAny(issues);
        var known = (await catalog.RefreshAsync(cancellationToken)).Views;
        if (views?.Where(view => !known.ContainsKey(view)).ToArray() is { Length: > 0 } unknown)
        {
            return TypedResults.Problem(string.Join("; ", unknown.Select(view => $"There is no feature view '{view}'.")), statusCode: StatusCodes.Status404NotFound);
        }

        var request = new ConsistencyRequest(views, UnixTime.Microseconds(from), UnixTime.Microseconds(to));
        var job = await jobs.AddAsync(
            ConsistencyReplay.JobKind, JsonSerializer.Serialize(request, ConsistencyJson.Default.ConsistencyRequest), http.User.Identity?.Name ?? "anonymous", uniqueKey: null, cancellationToken);
        return TypedResults.Accepted($"/api/consistency/{job!.Id}", ConsistencyAnswer.Of(job));
    }

    private static async Task<Results<Ok<ConsistencyList>, ProblemHttpResult>> ListAsync(JobStore jobs, CancellationToken cancellationToken, int limit = 100) =>
        limit is < 1 or > 1000
            ? TypedResults.Problem($"limit is {limit}; allowed: 1 to 1000.", statusCode: StatusCodes.Status400BadRequest)
            : TypedResults.Ok(new ConsistencyList([.. (await jobs.ListAsync(ConsistencyReplay.JobKind, null, limit, cancellationToken)).Select(ConsistencyAnswer.Of)]));

    private static async Task<Results<Ok<ConsistencyAnswer>, ProblemHttpResult>> GetAsync(string id, JobStore jobs, CancellationToken cancellationToken) =>
        await jobs.FindAsync(ConsistencyReplay.JobKind, id, cancellationToken) is { } job
            ? TypedResults.Ok(ConsistencyAnswer.Of(job))
            : TypedResults.Problem($"There is no replay '{id}'.", statusCode: StatusCodes.Status404NotFound);
}
