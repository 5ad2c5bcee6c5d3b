using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Training.Labels.Queues;
using MlSystem.Training.Labels.Selection;
using MlSystem.Training.Labels.Storage;

namespace MlSystem.Training.Labels;

/// <summary>Label queues over HTTP.</summary>
internal static class LabelEndpoints
{
    private const int MostAtOnce = 100;

    private static readonly string[] States =
        [LabelItemState.Candidate, LabelItemState.Open, LabelItemState.Agreed, LabelItemState.Conflict, LabelItemState.Adjudicated, LabelItemState.Skipped];

    public static IServiceCollection AddLabels(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, LabelJson.Default));
        return services.AddSingleton<LabelQueues>().AddSingleton<LabelDesk>().AddHostedService<LabelCollector>();
    }

    public static IEndpointRouteBuilder MapLabels(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/labels/queues").WithTags("Labels");
        api.MapGet("/", async (LabelQueues queues, CancellationToken cancellationToken) => TypedResults.Ok(new LabelQueueList(await queues.AllAsync(null, cancellationToken))));
        api.MapGet("/{queue}", GetAsync);
        api.MapPut("/{queue}", PutAsync).Accepts<LabelQueueDefinition>("application/json", "application/yaml");
        api.MapDelete("/{queue}", DeleteAsync);
        api.MapGet("/{queue}/items", ItemsAsync);
        api.MapPost("/{queue}/next", NextAsync).Accepts<NextRequest>("application/json");
        api.MapPost("/{queue}/submit", (string queue, HttpContext http, LabelDesk desk, LabelQueues queues, CancellationToken cancellationToken) =>
            AnswerAsync(queue, http, queues, LabelJson.Default.SubmitRequest, r => r.Annotator, (r, c) => desk.SubmitAsync(queue, r, c), cancellationToken)).Accepts<SubmitRequest>("application/json");
        api.MapPost("/{queue}/skip", (string queue, HttpContext http, LabelDesk desk, LabelQueues queues, CancellationToken cancellationToken) =>
            AnswerAsync(queue, http, queues, LabelJson.Default.SkipRequest, r => r.Annotator, (r, c) => desk.SkipAsync(queue, r, c), cancellationToken)).Accepts<SkipRequest>("application/json");
        api.MapPost("/{queue}/adjudicate", (string queue, HttpContext http, LabelDesk desk, LabelQueues queues, CancellationToken cancellationToken) =>
            AnswerAsync(queue, http, queues, LabelJson.Default.SubmitRequest, r => r.Annotator, (r, c) => desk.AdjudicateAsync(queue, r, c), cancellationToken)).Accepts<SubmitRequest>("application/json");
        return routes;
    }

    private static async Task<Results<Ok<LabelQueueView>, ProblemHttpResult>> GetAsync(string queue, LabelQueues queues, CancellationToken cancellationToken) =>
        (await queues.AllAsync(queue, cancellationToken)).SingleOrDefault() is { } found ? TypedResults.Ok(found) : await NoQueueAsync(queues, queue, cancellationToken);

    private static async Task<Results<Ok<LabelQueueView>, Created<LabelQueueView>, ProblemHttpResult>> PutAsync(
        string queue, HttpContext http, LabelQueues queues, CancellationToken cancellationToken)
    {
        var (document, problem) = await RequestJson.ReadDocumentAsync(http.Request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var (definition, errors) = LabelQueueDefinition.Read(document, queue);
        if (definition is null)
        {
            return Problems.Invalid("The queue was not stored: its definition has errors.", errors);
        }

        var (isNew, conflict) = await queues.PutAsync(queue, definition, cancellationToken);
        if (conflict is not null)
        {
            return Problems.Conflict(conflict);
        }

        var view = (await queues.AllAsync(queue, cancellationToken)).Single();
        return isNew ? TypedResults.Created($"/api/labels/queues/{queue}", view) : TypedResults.Ok(view);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string queue, LabelQueues queues, CancellationToken cancellationToken) =>
        await queues.DeleteAsync(queue, cancellationToken) ? TypedResults.NoContent() : await NoQueueAsync(queues, queue, cancellationToken);

    /// <summary>Items in a state; those in conflict with everybody's answers.</summary>
    private static async Task<Results<Ok<LabelItemList>, ProblemHttpResult>> ItemsAsync(string queue, LabelQueues queues, CancellationToken cancellationToken, string state = LabelItemState.Conflict)
    {
        if (!States.Contains(state))
        {
            return Problems.Invalid($"state must be one of {string.Join(", ", States)}, not '{state}'.");
        }

        return await queues.ItemsAsync(queue, state, cancellationToken) is { } items ? TypedResults.Ok(new LabelItemList(items)) : await NoQueueAsync(queues, queue, cancellationToken);
    }

    private static async Task<Results<Ok<LabelItemList>, ProblemHttpResult>> NextAsync(string queue, HttpContext http, LabelDesk desk, LabelQueues queues, CancellationToken cancellationToken)
    {
        var (request, problem) = await RequestJson.ReadOptionalAsync(http.Request, LabelJson.Default.NextRequest, cancellationToken);
        if (request is not { Annotator.Length: > 0 and <= 200, Count: >= 1 and <= MostAtOnce })
        {
            return problem ?? Problems.Invalid($"The body must name an annotator (1 to 200 characters) and may want a count of 1 to {MostAtOnce} items: {{\"annotator\": \"ann\", \"count\": 10}}.");
        }

        return await desk.NextAsync(queue, request, cancellationToken) is { } items ? TypedResults.Ok(items) : await NoQueueAsync(queues, queue, cancellationToken);
    }

    private static async Task<Results<Ok<LabelItemView>, ProblemHttpResult>> AnswerAsync<T>(
        string queue, HttpContext http, LabelQueues queues, JsonTypeInfo<T> type, Func<T, string> annotator,
        Func<T, CancellationToken, Task<(LabelItemView? Item, string? Refusal)>> answer, CancellationToken cancellationToken)
        where T : class
    {
        var (request, problem) = await RequestJson.ReadOptionalAsync(http.Request, type, cancellationToken);
        if (request is null || annotator(request).Length is 0 or > 200)
        {
            return problem ?? Problems.Invalid("The body must name an annotator (1 to 200 characters) and an item.");
        }

        return await answer(request, cancellationToken) switch
        {
            ({ } item, _) => TypedResults.Ok(item),
            (_, { } refusal) => Problems.Conflict(refusal),
            _ => await NoQueueAsync(queues, queue, cancellationToken),
        };
    }

    private static async Task<ProblemHttpResult> NoQueueAsync(LabelQueues queues, string name, CancellationToken cancellationToken)
    {
        var known = (await queues.AllAsync(null, cancellationToken)).Select(q => q.Name).ToList();
        return TypedResults.Problem(
            known.Count == 0 ? $"There is no label queue '{name}'; none is defined yet." : $"There is no label queue '{name}'; there are {string.Join(", ", known)}.",
            statusCode: StatusCodes.Status404NotFound);
    }
}
