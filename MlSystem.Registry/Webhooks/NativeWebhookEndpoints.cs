using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Webhooks;

/// <summary>The native view of webhooks and of what was delivered to them.</summary>
internal static class NativeWebhookEndpoints
{
    private const int MaxDeliveries = 1000;

    public static void MapNativeWebhooks(this RouteGroupBuilder root)
    {
        var api = root.MapGroup("/webhooks").WithTags("webhooks");
        api.MapGet("", ListAsync).Produces<WebhookList>().WithSummary("All webhooks with how many deliveries wait and have failed. Made and changed through MLflow's calls.");
        api.MapGet("/{webhook}/deliveries", DeliveriesAsync).Produces<DeliveryList>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("Deliveries, newest first: max (1 to 1000, default 100), state (pending, delivered or failed), before (Unix milliseconds of created_at).");
    }

    private static async Task<JsonHttpResult<WebhookList>> ListAsync(RegistryDatabase database, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var webhooks = await db.Webhooks.OrderBy(w => w.Name).ThenBy(w => w.WebhookId).ToListAsync(cancellationToken);
        var counts = (await db.WebhookDeliveries.GroupBy(d => new { d.WebhookId, d.State }).Select(g => new { g.Key.WebhookId, g.Key.State, Count = g.Count() }).ToListAsync(cancellationToken))
            .ToDictionary(c => (c.WebhookId, c.State), c => c.Count);
        return TypedResults.Json(
            new WebhookList([.. webhooks.Select(w => new WebhookView(
                w.WebhookId,
                w.Name,
                w.Url,
                WebhookEvents.Split(w.Events),
                w.Status,
                w.Secret is not null,
                counts.GetValueOrDefault((w.WebhookId, DeliveryState.Pending)),
                counts.GetValueOrDefault((w.WebhookId, DeliveryState.Failed))))]),
            WebhookViewJson.Default.WebhookList);
    }

    private static async Task<JsonHttpResult<DeliveryList>> DeliveriesAsync(string webhook, RegistryDatabase database, int? max, string? state, long? before, CancellationToken cancellationToken)
    {
        if (max is < 1 or > MaxDeliveries)
        {
            throw Refused.BadRequest($"max is {max}; allowed are 1 to {MaxDeliveries}.");
        }

        if (state is not (null or DeliveryState.Pending or DeliveryState.Delivered or DeliveryState.Failed))
        {
            throw Refused.BadRequest($"state is '{state}'; allowed are pending, delivered and failed.");
        }

        await using var db = database.Read();
        if (!await db.Webhooks.AnyAsync(w => w.WebhookId == webhook, cancellationToken))
        {
            throw Refused.NotFound($"There is no webhook '{webhook}'.");
        }

        var limit = before ?? long.MaxValue;
        var deliveries = await db.WebhookDeliveries.Where(d => d.WebhookId == webhook && d.CreatedAt < limit && (state == null || d.State == state))
            .OrderByDescending(d => d.CreatedAt).ThenByDescending(d => d.DeliveryId).Take(max ?? 100).ToListAsync(cancellationToken);
        return TypedResults.Json(new DeliveryList([.. deliveries.Select(View)]), WebhookViewJson.Default.DeliveryList);
    }

    private static DeliveryView View(WebhookDelivery d) => new(
        d.DeliveryId,
        d.Event,
        d.State,
        d.Attempts,
        DateTimeOffset.FromUnixTimeMilliseconds(d.CreatedAt),
        d.State == DeliveryState.Pending ? DateTimeOffset.FromUnixTimeMilliseconds(d.DueAt) : null,
        d.FinishedAt is { } finished ? DateTimeOffset.FromUnixTimeMilliseconds(finished) : null,
        d.ResponseStatus,
        d.Error,
        d.Payload);
}

/// <summary>A webhook in the native API.</summary>
internal sealed record WebhookView(string WebhookId, string Name, string Url, IReadOnlyList<string> Events, string Status, bool Signed, int Pending, int Failed);

internal sealed record WebhookList(IReadOnlyList<WebhookView> Webhooks);

/// <summary>One delivery.</summary>
/// <param name="DueAt">When the next attempt is made.</param>
/// <param name="ResponseStatus">HTTP status of the last attempt; absent when there was no answer.</param>
/// <param name="Payload">The body that is sent.</param>
internal sealed record DeliveryView(
    string DeliveryId, string Event, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? DueAt, DateTimeOffset? FinishedAt, int? ResponseStatus, string? Error, string Payload);

internal sealed record DeliveryList(IReadOnlyList<DeliveryView> Deliveries);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WebhookList))]
[JsonSerializable(typeof(DeliveryList))]
internal sealed partial class WebhookViewJson : JsonSerializerContext;
