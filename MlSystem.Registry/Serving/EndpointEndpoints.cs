using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Registry.Serving;

/// <summary>The native API of the serving state.</summary>
internal static class EndpointEndpoints
{
    private const int MaxWaitSeconds = 60;
    private const int MaxHistory = 1000;

    public static void MapEndpoints(this RouteGroupBuilder root)
    {
        var api = root.MapGroup("").WithTags("endpoints").ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/endpoints", ListAsync).Produces<EndpointList>().WithSummary("All endpoints. With If-None-Match and wait (seconds, 0 to 60) the answer waits for a change: 304 when there was none.");
        api.MapGet("/endpoints/{endpoint}", GetAsync).Produces<Endpoint>().WithSummary("One endpoint: its current revision, or with at (RFC 3339) the one in force at that moment.");
        api.MapPut("/endpoints/{endpoint}", PutAsync).Accepts<PutEndpoint>("application/json").Produces<Endpoint>().Produces<Endpoint>(StatusCodes.Status201Created).WithSummary("Makes the next revision. If-Match guards against changes in between, If-None-Match: * against an existing endpoint.");
        api.MapGet("/endpoints/{endpoint}/history", HistoryAsync).Produces<EndpointHistory>().WithSummary("Revisions, newest first: max (1 to 1000, default 100) of those below before.");
        api.MapPost("/endpoints/{endpoint}/rollback", RollbackAsync).Accepts<RollbackEndpoint>(isOptional: true, "application/json").Produces<Endpoint>().WithSummary("Applies an earlier revision's state as a new revision: the named one, else the state before the present one.");
    }

    private static async Task<Results<JsonHttpResult<EndpointList>, StatusCodeHttpResult>> ListAsync(
        HttpContext context, EndpointReader reader, EndpointChanges changes, IHostApplicationLifetime lifetime, TimeProvider time, int? wait, CancellationToken cancellationToken)
    {
        if (wait is < 0 or > MaxWaitSeconds)
        {
            throw Refused.BadRequest($"wait is {wait}; allowed are 0 to {MaxWaitSeconds} seconds.");
        }

        var known = context.Request.Headers.IfNoneMatch.ToString();
        var deadline = time.GetUtcNow().AddSeconds(wait ?? 0);
        // A draining server answers its long polls at once.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        while (true)
        {
            var next = changes.Next();
            var (endpoints, generation) = await reader.AllAsync(cancellationToken);
            var tag = EndpointReader.ETag(generation);
            context.Response.Headers.ETag = tag;
            if (tag != known)
            {
                return TypedResults.Json(new EndpointList(endpoints), ServingJson.Default.EndpointList);
            }

            if (!await ChangedAsync(changes, next, deadline - time.GetUtcNow(), either.Token))
            {
                return TypedResults.StatusCode(StatusCodes.Status304NotModified);
            }
        }
    }

    private static async Task<Results<JsonHttpResult<Endpoint>, StatusCodeHttpResult>> GetAsync(
        string endpoint, HttpContext context, EndpointReader reader, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync(endpoint, at, cancellationToken)
            ?? throw Refused.NotFound(at is null ? $"There is no endpoint '{endpoint}'." : $"There was no endpoint '{endpoint}' at {at:O}.");
        var tag = EndpointReader.ETag(found.Revision);
        context.Response.Headers.ETag = tag;
        return context.Request.Headers.IfNoneMatch.ToString() == tag ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : Json(found);
    }

    private static async Task<JsonHttpResult<Endpoint>> PutAsync(
        string endpoint, HttpContext context, EndpointWriter writer, Caller caller, CancellationToken cancellationToken) =>
        Written(context, await writer.PutAsync(endpoint, await NativeBody.ReadAsync<PutEndpoint>(context.Request), PreconditionOf(context), caller, cancellationToken));

    private static async Task<JsonHttpResult<EndpointHistory>> HistoryAsync(string endpoint, EndpointReader reader, long? before, int? max, CancellationToken cancellationToken)
    {
        if (max is < 1 or > MaxHistory)
        {
            throw Refused.BadRequest($"max is {max}; allowed are 1 to {MaxHistory}.");
        }

        var entries = await reader.HistoryAsync(endpoint, before ?? long.MaxValue, max ?? 100, cancellationToken);
        return entries.Count == 0 && await reader.FindAsync(endpoint, at: null, cancellationToken) is null
            ? throw Refused.NotFound($"There is no endpoint '{endpoint}'.")
            : TypedResults.Json(new EndpointHistory(entries), ServingJson.Default.EndpointHistory);
    }

    private static async Task<JsonHttpResult<Endpoint>> RollbackAsync(
        string endpoint, HttpContext context, EndpointWriter writer, Caller caller, CancellationToken cancellationToken) =>
        Written(context, await writer.RollbackAsync(endpoint, await NativeBody.ReadAsync<RollbackEndpoint>(context.Request), PreconditionOf(context), caller, cancellationToken));

    private static async Task<bool> ChangedAsync(EndpointChanges changes, Task next, TimeSpan remaining, CancellationToken cancellationToken)
    {
        if (remaining <= TimeSpan.Zero)
        {
            return false;
        }

        try
        {
            await changes.WaitAsync(next, remaining, cancellationToken);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Precondition PreconditionOf(HttpContext context) => new(context.Request.Headers.IfMatch, context.Request.Headers.IfNoneMatch);

    private static JsonHttpResult<Endpoint> Written(HttpContext context, Endpoint endpoint)
    {
        context.Response.Headers.ETag = EndpointReader.ETag(endpoint.Revision);
        return TypedResults.Json(endpoint, ServingJson.Default.Endpoint, statusCode: endpoint.Revision == 1 ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static JsonHttpResult<Endpoint> Json(Endpoint endpoint) => TypedResults.Json(endpoint, ServingJson.Default.Endpoint);
}
