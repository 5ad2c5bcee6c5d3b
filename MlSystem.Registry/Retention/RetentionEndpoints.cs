using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.Retention;

/// <summary>The native API of what goes for good.</summary>
internal static class RetentionEndpoints
{
    private const double MaxDays = 36_500;

    public static void MapRetention(this RouteGroupBuilder root)
    {
        var api = root.MapGroup("").WithTags("retention");
        api.MapPost("/purge", PurgeAsync).Accepts<PurgeRequest>(isOptional: true, "application/json").Produces<PurgeReport>()
            .WithSummary("Removes deleted runs, logged models and experiments for good, unless a registered version was made from them. dry_run only tells.");
        api.MapGet("/data-subjects/{key}", FindAsync).Produces<SubjectReport>().WithSummary("What runs have logged about a data subject, as their tags say.");
        api.MapDelete("/data-subjects/{key}", EraseAsync).Produces<SubjectReport>().WithSummary("Erases it: inputs, params, tags and artifacts. The answer names what versions still hold.");
    }

    private static async Task<JsonHttpResult<PurgeReport>> PurgeAsync(HttpRequest request, Purger purger, CancellationToken cancellationToken)
    {
        var body = await NativeBody.ReadAsync(request, RetentionJson.Default.PurgeRequest, cancellationToken);
        if (body.OlderThanDays is not (>= 0 and <= MaxDays))
        {
            throw Refused.BadRequest($"older_than_days is {body.OlderThanDays}; allowed are 0 to {MaxDays}.");
        }

        var experiments = body.ExperimentIds?.Select(ExperimentStore.Id).ToList();
        return TypedResults.Json(await purger.PurgeAsync(TimeSpan.FromDays(body.OlderThanDays), experiments, body.DryRun, cancellationToken), RetentionJson.Default.PurgeReport);
    }

    private static async Task<JsonHttpResult<SubjectReport>> FindAsync(string key, DataSubjects subjects, CancellationToken cancellationToken) =>
        TypedResults.Json(await subjects.ReportAsync(key, erase: false, cancellationToken), RetentionJson.Default.SubjectReport);

    private static async Task<JsonHttpResult<SubjectReport>> EraseAsync(string key, DataSubjects subjects, CancellationToken cancellationToken) =>
        TypedResults.Json(await subjects.ReportAsync(key, erase: true, cancellationToken), RetentionJson.Default.SubjectReport);
}
