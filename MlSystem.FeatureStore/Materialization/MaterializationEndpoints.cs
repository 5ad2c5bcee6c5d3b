using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>Materializations as jobs: <c>/api/materializations</c>.</summary>
public static class MaterializationEndpoints
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public static IEndpointRouteBuilder MapMaterializations(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/materializations").WithTags("Materialization");
        jobs.MapPost("", PostAsync).AddEndpointFilter<ProblemFilter>().WithSummary("Accepts a materialization and answers 202; feature_views (all), start (incremental without it), end (now).");
        jobs.MapGet("", ListAsync).WithSummary("Newest first; state and limit (100, up to 1000) choose.");
        jobs.MapGet("/{id}", GetAsync);
        jobs.MapGet("/{id}/events", EventsAsync).WithSummary("Progress as server-sent events until it is finished.");
        jobs.MapPost("/{id}/cancel", CancelAsync).WithSummary("Ends it; what is online already stays.");
        return routes;
    }

    private static async Task<IResult> PostAsync(HttpContext http, MaterializationJobs jobs, TimeProvider time, CancellationToken cancellationToken)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var issues = new List<FeastIssue>();
        foreach (var member in body.RootElement.EnumerateObject().Where(member => member.Name is not ("feature_views" or "start" or "end")))
        {
            issues.Add(FeastIssue.At("extra_forbidden", "There is no such member; allowed: feature_views start end.", member.Name));
        }

        var start = MaterializeEndpoints.Time(body.RootElement, "start", issues, required: false);
        var end = MaterializeEndpoints.Time(body.RootElement, "end", issues, required: false) ?? time.GetUtcNow();
        var views = MaterializeEndpoints.Views(body.RootElement, issues);
        if (start > end)
        {
            issues.Add(FeastIssue.At("value_error", "start is after end", "start"));
        }

        JsonBody.ThrowIfAny(issues);
        if (await jobs.MistakesAsync(views, cancellationToken) is { Count: > 0 } mistakes)
        {
            return TypedResults.Problem(string.Join("; ", mistakes), statusCode: StatusCodes.Status404NotFound);
        }

        var job = await jobs.AddAsync(views, start, end, http.User.Identity?.Name ?? "anonymous", cancellationToken);
        return TypedResults.Accepted($"/api/materializations/{job.Id}", MaterializationAnswer.Of(job));
    }

    private static async Task<Results<Ok<MaterializationList>, ProblemHttpResult>> ListAsync(JobStore jobs, CancellationToken cancellationToken, string? state = null, int limit = 100) =>
        state is not null && !JobState.All.Contains(state, StringComparer.Ordinal)
            ? TypedResults.Problem($"state is '{state}'; allowed: {string.Join(' ', JobState.All)}.", statusCode: StatusCodes.Status400BadRequest)
            : limit is < 1 or > 1000
                ? TypedResults.Problem($"limit is {limit}; allowed: 1 to 1000.", statusCode: StatusCodes.Status400BadRequest)
                : TypedResults.Ok(new MaterializationList([.. (await jobs.ListAsync(Materializer.JobKind, state, limit, cancellationToken)).Select(MaterializationAnswer.Of)]));

    private static async Task<Results<Ok<MaterializationAnswer>, ProblemHttpResult>> GetAsync(string id, JobStore jobs, CancellationToken cancellationToken) =>
        await jobs.FindAsync(Materializer.JobKind, id, cancellationToken) is { } job ? TypedResults.Ok(MaterializationAnswer.Of(job)) : Unknown(id);

    private static async Task<Results<Accepted<MaterializationAnswer>, ProblemHttpResult>> CancelAsync(string id, JobStore jobs, CancellationToken cancellationToken)
    {
        await jobs.CancelAsync(Materializer.JobKind, id, cancellationToken);
        return await jobs.FindAsync(Materializer.JobKind, id, cancellationToken) switch
        {
            null => Unknown(id),
            { State: JobState.Succeeded or JobState.Failed } done => TypedResults.Problem($"Materialization {id} has {done.State}.", statusCode: StatusCodes.Status409Conflict),
            { } job => TypedResults.Accepted($"/api/materializations/{id}", MaterializationAnswer.Of(job)),
        };
    }

    private static async Task<Results<ServerSentEventsResult<string>, ProblemHttpResult>> EventsAsync(
        string id, JobStore jobs, JobSignal signal, TimeProvider time, IHostApplicationLifetime lifetime, CancellationToken cancellationToken) =>
        await jobs.FindAsync(Materializer.JobKind, id, cancellationToken) is null
            ? Unknown(id)
            : TypedResults.ServerSentEvents(FollowAsync(id, jobs, signal, time, lifetime.ApplicationStopping, cancellationToken));

    /// <summary>Every change once; after a while without one the same again, which keeps proxies from closing the connection.</summary>
    private static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        string id, JobStore jobs, JobSignal signal, TimeProvider time, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int QuietPolls = 15;
        var last = "";
        for (var quiet = 0; !stopping.IsCancellationRequested; quiet++)
        {
            var next = signal.Next;
            if (await jobs.FindAsync(Materializer.JobKind, id, cancellationToken) is not { } job)
            {
                yield break;
            }

            var now = JsonSerializer.Serialize(MaterializationAnswer.Of(job), MaterializationJson.Default.MaterializationAnswer);
            if (now != last || quiet >= QuietPolls)
            {
                yield return new SseItem<string>(now, "progress");
                (last, quiet) = (now, 0);
            }

            if (JobState.IsFinal(job.State))
            {
                yield break;
            }

            await JobSignal.WaitAsync(next, Poll, time, cancellationToken);
        }
    }

    private static ProblemHttpResult Unknown(string id) => TypedResults.Problem($"There is no materialization '{id}'.", statusCode: StatusCodes.Status404NotFound);
}

/// <summary>Answers mistakes in a body as ProblemDetails, with every mistake by place.</summary>
internal sealed class ProblemFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (FeastException refusal) when (refusal.Issues is { } issues)
        {
            return TypedResults.ValidationProblem(
                issues.GroupBy(issue => string.Join('.', issue.Loc.Skip(1)), issue => issue.Msg, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal));
        }
        catch (FeastException refusal)
        {
            return TypedResults.Problem(refusal.Message, statusCode: refusal.Status);
        }
        catch (JsonException malformed)
        {
            return TypedResults.Problem($"The body is not valid JSON: {malformed.Message}", statusCode: StatusCodes.Status400BadRequest);
        }
        catch (BadHttpRequestException bad)
        {
            return TypedResults.Problem(bad.Message, statusCode: bad.StatusCode);
        }
        catch (Exception unavailable) when (unavailable is Online.OnlineStoreException or Offline.OfflineStoreException or IngestionException)
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            return TypedResults.Problem(unavailable.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
