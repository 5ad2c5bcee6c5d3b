using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Materialization;

namespace MlSystem.FeatureStore.Erasure;

/// <summary><c>/api/erasures</c>: deletes an entity's data.</summary>
public static class ErasureEndpoints
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    public static IEndpointRouteBuilder MapErasures(this IEndpointRouteBuilder routes)
    {
        var erasures = routes.MapGroup("/api/erasures").WithTags("Erasure");
        erasures.MapPost("", PostAsync).AddEndpointFilter<ProblemFilter>()
            .WithSummary("Erases an entity: entity, key (join key to value), reason. 200 with what was removed, or 202 when that takes longer than wait_seconds (30, 0 to 300): then it goes on.");
        erasures.MapGet("", ListAsync).WithSummary("Who erased what and when, newest first; keys stand there as salted hashes only. limit (100, up to 1000).");
        erasures.MapGet("/{id}", GetAsync);
        return routes;
    }

    private static async Task<IResult> PostAsync(
        HttpContext http, JobStore jobs, JobSignal signal, CatalogStore catalog, Tombstones tombstones, TimeProvider time, CancellationToken cancellationToken, double wait_seconds = 30)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var issues = new List<FeastIssue>();
        var request = Read(body.RootElement, await catalog.RefreshAsync(cancellationToken), tombstones, issues);
        if (wait_seconds is not (>= 0 and <= 300))
        {
            issues.Add(FeastIssue.At("value_error", "0 to 300 seconds are allowed", "wait_seconds"));
        }

        JsonBody.ThrowIfAny(issues);
        var job = (await jobs.AddAsync(Eraser.JobKind, request!.Text(), http.User.Identity?.Name ?? "anonymous", uniqueKey: null, cancellationToken))!;
        var started = time.GetTimestamp();
        while (true)
        {
            var next = signal.Next;
            job = await jobs.FindAsync(Eraser.JobKind, job.Id, cancellationToken) ?? job;
            if (JobState.IsFinal(job.State))
            {
                return TypedResults.Ok(ErasureAnswer.Of(job));
            }

            if (time.GetElapsedTime(started).TotalSeconds >= wait_seconds)
            {
                return TypedResults.Accepted($"/api/erasures/{job.Id}", ErasureAnswer.Of(job));
            }

            await JobSignal.WaitAsync(next, Poll, time, cancellationToken);
        }
    }

    private static ErasureRequest? Read(JsonElement body, Catalog known, Tombstones tombstones, List<FeastIssue> issues)
    {
        foreach (var member in body.EnumerateObject().Where(member => member.Name is not ("entity" or "key" or "reason")))
        {
            issues.Add(FeastIssue.At("extra_forbidden", "There is no such member; allowed: entity key reason.", member.Name));
        }

        var name = JsonBody.Text(body, "entity", issues);
        var key = JsonBody.Object(body, "key", issues);
        var reason = JsonBody.Text(body, "reason", issues, required: false);
        if (name is null || key is not { } values)
        {
            return null;
        }

        if ((known.Entities.GetValueOrDefault(name) ?? known.RetiredEntities.GetValueOrDefault(name)) is not { } entity)
        {
            throw FeastException.NotFound($"There is no entity '{name}'.");
        }

        var texts = entity.JoinKeys.Select(field => Text(field, values, issues)).ToArray();
        foreach (var member in values.EnumerateObject().Where(member => entity.JoinKeys.All(field => field.Name != member.Name)))
        {
            issues.Add(FeastIssue.At("extra_forbidden", $"Entity '{name}' has no such join key.", "key", member.Name));
        }

        return issues.Count > 0 ? null : new ErasureRequest(name, texts!, tombstones.HashOf(name, texts.Select(text => tombstones.Hash(text!))), reason);
    }

    private static string? Text(Field field, JsonElement values, List<FeastIssue> issues)
    {
        var error = !values.TryGetProperty(field.Name, out var json) ? "The join key is missing."
            : ValueReader.FromJson(field.Datatype, json, out var value) ?? (value.HasValue ? null : "A value is required.");
        if (error is null)
        {
            ValueReader.FromJson(field.Datatype, json, out var key);
            return KeyText.Of(field.Datatype, key);
        }

        issues.Add(FeastIssue.At("value_error", error, "key", field.Name));
        return null;
    }

    private static async Task<Results<Ok<ErasureList>, ProblemHttpResult>> ListAsync(JobStore jobs, CancellationToken cancellationToken, int limit = 100) =>
        limit is < 1 or > 1000
            ? TypedResults.Problem($"limit is {limit}; allowed: 1 to 1000.", statusCode: StatusCodes.Status400BadRequest)
            : TypedResults.Ok(new ErasureList([.. (await jobs.ListAsync(Eraser.JobKind, null, limit, cancellationToken)).Select(ErasureAnswer.Of)]));

    private static async Task<Results<Ok<ErasureAnswer>, ProblemHttpResult>> GetAsync(string id, JobStore jobs, CancellationToken cancellationToken) =>
        await jobs.FindAsync(Eraser.JobKind, id, cancellationToken) is { } job
            ? TypedResults.Ok(ErasureAnswer.Of(job))
            : TypedResults.Problem($"There is no erasure '{id}'.", statusCode: StatusCodes.Status404NotFound);
}
