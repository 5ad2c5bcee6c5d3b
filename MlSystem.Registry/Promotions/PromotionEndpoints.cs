using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Promotions;

/// <summary>The native API of promotions.</summary>
internal static class PromotionEndpoints
{
    private const int MaxPage = 1000;

    public static void MapPromotions(this RouteGroupBuilder root)
    {
        var api = root.MapGroup("/promotions").WithTags("promotions").ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("", RequestAsync).Accepts<RequestPromotion>("application/json").Produces<PromotionView>(StatusCodes.Status201Created)
            .WithSummary("Requests that a version serves. Applied at once unless the model's tag mlsystem.approval is 'required'. If-Match: the endpoint's revision.");
        api.MapGet("", ListAsync).Produces<PromotionList>().WithSummary("Promotions by state and model, newest first: max (1 to 1000, default 100) of those before an id.");
        api.MapGet("/{id}", GetAsync).Produces<PromotionView>().WithSummary("One promotion with its comments.");
        Step(api, "approve", "Approves, by another principal than the requester, and applies unless apply is false. If-Match: the endpoint's revision.", (s, c) => s.Store.ApproveAsync(s.Id, s.Body, s.Precondition, s.Caller, c));
        Step(api, "reject", "Rejects.", (s, c) => s.Store.RejectAsync(s.Id, s.Body, s.Caller, c));
        Step(api, "cancel", "Takes the own request back.", (s, c) => s.Store.CancelAsync(s.Id, s.Body, s.Caller, c));
        Step(api, "apply", "Applies what was approved before. If-Match: the endpoint's revision.", (s, c) => s.Store.ApplyAsync(s.Id, s.Precondition, s.Caller, c));
        Step(api, "comments", "Adds a comment.", (s, c) => s.Store.CommentAsync(s.Id, s.Body, s.Caller, c));
    }

    private static void Step(RouteGroupBuilder api, string name, string summary, Func<PromotionStep, CancellationToken, Task<PromotionView>> run) =>
        api.MapPost("/{id}/" + name, async (string id, HttpContext context, PromotionStore store, Caller caller, CancellationToken cancellationToken) => Json(
                await run(new(id, store, await NativeBody.ReadAsync(context.Request, PromotionJson.Default.PromotionDecision, context.RequestAborted), PreconditionOf(context), caller), cancellationToken)))
            .Accepts<PromotionDecision>(isOptional: true, "application/json").Produces<PromotionView>().WithSummary(summary);

    private static async Task<JsonHttpResult<PromotionView>> RequestAsync(HttpContext context, PromotionStore store, Caller caller, CancellationToken cancellationToken) => TypedResults.Json(
        await store.RequestAsync(await NativeBody.ReadAsync(context.Request, PromotionJson.Default.RequestPromotion, cancellationToken), PreconditionOf(context), caller, cancellationToken),
        PromotionJson.Default.PromotionView,
        statusCode: StatusCodes.Status201Created);

    private static async Task<JsonHttpResult<PromotionList>> ListAsync(PromotionReader reader, string? state, string? model, string? before, int? max, CancellationToken cancellationToken)
    {
        if (max is < 1 or > MaxPage)
        {
            throw Refused.BadRequest($"max is {max}; allowed are 1 to {MaxPage}.");
        }

        return state is not null && !PromotionStatus.All.Contains(state)
            ? throw Refused.BadRequest($"state is '{state}'; allowed are {string.Join(", ", PromotionStatus.All)}.")
            : TypedResults.Json(await reader.ListAsync(state, model, before, max ?? 100, cancellationToken), PromotionJson.Default.PromotionList);
    }

    private static async Task<JsonHttpResult<PromotionView>> GetAsync(string id, PromotionReader reader, CancellationToken cancellationToken) => Json(await reader.GetAsync(id, cancellationToken));

    private static JsonHttpResult<PromotionView> Json(PromotionView view) => TypedResults.Json(view, PromotionJson.Default.PromotionView);

    private static Precondition PreconditionOf(HttpContext context) => new(context.Request.Headers.IfMatch, context.Request.Headers.IfNoneMatch);

    private sealed record PromotionStep(string Id, PromotionStore Store, PromotionDecision Body, Precondition Precondition, Caller Caller);
}
