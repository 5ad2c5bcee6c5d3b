using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Webhooks;

/// <summary>
/// Delivers what the outbox of webhooks holds, several at a time. An attempt is claimed before it is made: what a killed process had
/// under way is taken up again, so a receiver may see a delivery twice (with the same id), never not at all.
/// </summary>
internal sealed partial class WebhookDispatcher(
    RegistryDatabase database, WebhookSender sender, WebhookSecrets secrets, WebhookSignal signal, IOptions<WebhookOptions> options, StartupRunner startup, TimeProvider time, ILogger<WebhookDispatcher> logger)
    : BackgroundService
{
    private const int Parallel = 8;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan TidyInterval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        var (first, tidied) = (true, DateTimeOffset.MinValue);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (first)
                {
                    await TakeOverAsync(stoppingToken);
                    first = false;
                }

                if (time.GetUtcNow() - tidied > TidyInterval)
                {
                    await TidyAsync(stoppingToken);
                    tidied = time.GetUtcNow();
                }

                while (await RoundAsync(stoppingToken) > 0)
                {
                    // More may be due behind a full round.
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }

            using var woken = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(signal.WaitAsync(woken.Token), Task.Delay(LookInterval, time, woken.Token));
            await woken.CancelAsync();
        }
    }

    /// <summary>How long to wait behind the n-th attempt: 1 s, doubling, half to all of it, at most an hour; longer when the receiver says so.</summary>
    internal static TimeSpan Backoff(int attempts, TimeSpan? retryAfter)
    {
        var seconds = Math.Min(LongestWait.TotalSeconds, Math.Pow(2, attempts - 1));
        var jittered = TimeSpan.FromSeconds(seconds * (0.5 + (RandomNumberGenerator.GetInt32(1001) / 2000.0)));
        return retryAfter > jittered ? TimeSpan.FromTicks(Math.Min(retryAfter.Value.Ticks, LongestWait.Ticks)) : jittered;
    }

    /// <summary>SQLite belongs to this process: what is claimed there at the start was under way in a killed predecessor.</summary>
    private Task TakeOverAsync(CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            if (db.SingleWriter)
            {
                var now = time.GetUtcNow().ToUnixTimeMilliseconds();
                await db.WebhookDeliveries.Where(d => d.State == DeliveryState.Pending && d.DueAt > now).ExecuteUpdateAsync(d => d.SetProperty(x => x.DueAt, now), cancellationToken);
            }
        },
        cancellationToken);

    private Task<int> TidyAsync(CancellationToken cancellationToken)
    {
        var limit = time.GetUtcNow().AddDays(-options.Value.KeepDeliveriesDays).ToUnixTimeMilliseconds();
        return database.WriteAsync(db => db.WebhookDeliveries.Where(d => d.FinishedAt < limit).ExecuteDeleteAsync(cancellationToken), cancellationToken);
    }

    private async Task<int> RoundAsync(CancellationToken cancellationToken)
    {
        List<WebhookDelivery> due;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await using (var db = database.Read())
        {
            due = await db.WebhookDeliveries.Where(d => d.State == DeliveryState.Pending && d.DueAt <= now).OrderBy(d => d.DueAt).ThenBy(d => d.DeliveryId).Take(Parallel).ToListAsync(cancellationToken);
        }

        await Task.WhenAll(due.Select(d => DeliverAsync(d, cancellationToken)));
        return due.Count;
    }

    private async Task DeliverAsync(WebhookDelivery delivery, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow().AddSeconds(options.Value.TimeoutSeconds).Add(ClaimMargin).ToUnixTimeMilliseconds();
        var claimed = await database.WriteAsync(
            db => db.WebhookDeliveries
                .Where(d => d.DeliveryId == delivery.DeliveryId && d.State == DeliveryState.Pending && d.DueAt == delivery.DueAt)
                .ExecuteUpdateAsync(d => d.SetProperty(x => x.DueAt, until).SetProperty(x => x.Attempts, x => x.Attempts + 1), cancellationToken),
            cancellationToken);
        if (claimed == 0)
        {
            return;
        }

        Webhook? webhook;
        await using (var db = database.Read())
        {
            webhook = await db.Webhooks.FirstOrDefaultAsync(w => w.WebhookId == delivery.WebhookId, cancellationToken);
        }

        if (webhook is null)
        {
            return;
        }

        var result = webhook.Status == WebhookStore.Active
            ? await sender.SendAsync(webhook.Url, webhook.Secret is null ? null : secrets.Decrypt(webhook.WebhookId, webhook.Secret), delivery.DeliveryId, delivery.Payload, cancellationToken)
            : new SendResult(409, null, "the webhook is disabled", null);
        await RecordAsync(delivery, delivery.Attempts + 1, result, cancellationToken);
    }

    private async Task RecordAsync(WebhookDelivery delivery, int attempts, SendResult result, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var state = result.Delivered ? DeliveryState.Delivered
            : result.Transient && attempts < options.Value.MaxAttempts ? DeliveryState.Pending
            : DeliveryState.Failed;
        long? finished = state == DeliveryState.Pending ? null : now.ToUnixTimeMilliseconds();
        var due = (state == DeliveryState.Pending ? now + Backoff(attempts, result.RetryAfter) : now).ToUnixTimeMilliseconds();
        var error = result.Delivered ? null : result.Error ?? $"the receiver answered {result.Status}";
        await database.WriteAsync(
            db => db.WebhookDeliveries.Where(d => d.DeliveryId == delivery.DeliveryId).ExecuteUpdateAsync(
                d => d.SetProperty(x => x.State, state).SetProperty(x => x.DueAt, due).SetProperty(x => x.FinishedAt, finished)
                    .SetProperty(x => x.ResponseStatus, result.Status).SetProperty(x => x.Error, error),
                cancellationToken),
            cancellationToken);
        if (state == DeliveryState.Failed)
        {
            LogGivenUp(delivery.DeliveryId, delivery.WebhookId, attempts, error ?? "");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Delivering webhooks failed: {Reason}; they stay in the outbox")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Delivery {Delivery} of webhook {Webhook} has failed after {Attempts} attempts: {Reason}")]
    private partial void LogGivenUp(string delivery, string webhook, int attempts, string reason);
}
