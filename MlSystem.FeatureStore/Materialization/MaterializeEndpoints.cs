using System.Text.Json;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>Feast's <c>POST /materialize</c> and <c>POST /materialize-incremental</c>. Answers <c>null</c> when all views are done; the work is a job, which goes on when the caller goes away.</summary>
public static class MaterializeEndpoints
{
    public static IEndpointRouteBuilder MapMaterialize(this IEndpointRouteBuilder routes)
    {
        var feast = routes.MapGroup("").WithTags("Feast").AddEndpointFilter<FeastErrorFilter>();
        feast.MapPost("/materialize", FullAsync);
        feast.MapPost("/materialize-incremental", IncrementalAsync);
        return routes;
    }

    private static Task<IResult> FullAsync(HttpContext http, MaterializationJobs jobs, CancellationToken cancellationToken) =>
        RunAsync(http, jobs, full: true, cancellationToken);

    private static Task<IResult> IncrementalAsync(HttpContext http, MaterializationJobs jobs, CancellationToken cancellationToken) =>
        RunAsync(http, jobs, full: false, cancellationToken);

    private static async Task<IResult> RunAsync(HttpContext http, MaterializationJobs jobs, bool full, CancellationToken cancellationToken)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var issues = new List<FeastIssue>();
        var start = full ? Time(body.RootElement, "start_ts", issues) : null;
        var end = Time(body.RootElement, "end_ts", issues);
        var views = Views(body.RootElement, issues);
        if (start > end)
        {
            issues.Add(FeastIssue.At("value_error", "start_ts is after end_ts", "start_ts"));
        }

        JsonBody.ThrowIfAny(issues);
        if (await jobs.MistakesAsync(views, cancellationToken) is { Count: > 0 } mistakes)
        {
            throw FeastException.NotFound(string.Join("; ", mistakes));
        }

        var accepted = await jobs.AddAsync(views, start, end!.Value, http.User.Identity?.Name ?? "anonymous", cancellationToken);
        var job = await jobs.WaitAsync(accepted.Id, cancellationToken);
        return job.State == JobState.Succeeded ? Results.Text("null", "application/json")
            : throw new FeastException(StatusCodes.Status409Conflict, $"Materialization {job.Id} has {job.State}: {job.Error ?? "it was cancelled"}");
    }

    internal static DateTimeOffset? Time(JsonElement body, string name, List<FeastIssue> issues, bool required = true)
    {
        if (JsonBody.Text(body, name, issues, required) is not { } text)
        {
            return null;
        }

        if (ValueReader.Time(text, out var microseconds) is not { } error)
        {
            return UnixTime.FromMicroseconds(microseconds);
        }

        issues.Add(FeastIssue.At("value_error", error, name));
        return null;
    }

    internal static List<string>? Views(JsonElement body, List<FeastIssue> issues)
    {
        if (!body.TryGetProperty("feature_views", out var views) || views.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (views.ValueKind == JsonValueKind.Array && views.EnumerateArray().All(view => view.ValueKind == JsonValueKind.String))
        {
            return [.. views.EnumerateArray().Select(view => view.GetString()!)];
        }

        issues.Add(FeastIssue.At("list_type", "Input should be a valid list of strings", "feature_views"));
        return null;
    }
}
