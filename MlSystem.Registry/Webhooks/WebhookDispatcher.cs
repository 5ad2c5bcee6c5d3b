using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Webhooks;

/// <summary>
/// Delivers what the outbox of webhooks holds: each webhook has a lane of its own, in which one delivery follows the other in the order
/// of the events, so that a slow receiver holds up nobody else. An attempt is claimed before it is made: what a killed process had
/// under way is taken up again, so a receiver may see a delivery twice (with the same id), never not at all.
/// </summary>
internal sealed partial class WebhookDispatcher(
    RegistryDatabase database, WebhookSender sender, WebhookSecrets secrets, WebhookSignal signal, IOptions<WebhookOptions> options, StartupRunner startup, TimeProvider time, ILogger<WebhookDispatcher> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan TidyInterval = TimeSpan.FromHours(1);

    /// <summary>Lanes under way, by webhook. Only the loop touches it.</summary>
    private readonly Dictionary<string, Task> _lanes = new(StringComparer.Ordinal);

    /// <summary>Attempts at the same time; lanes wait for it one delivery at a time, the first to come first.</summary>
    private readonly SemaphoreSlim _slots = new(options.Value.MaxConcurrent);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        try
        {
            await LoopAsync(stoppingToken);
        }
        finally
        {
            await Task.WhenAll(_lanes.Values);
        }
    }

    public override void Dispose()
    {
        _slots.Dispose();
        base.Dispose();
    }

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
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

                await OpenLanesAsync(stoppingToken);
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

    /// <summary>Starts a lane for each webhook that has a delivery due and none yet.</summary>
    private async Task OpenLanesAsync(CancellationToken cancellationToken)
    {
        foreach (var ended in _lanes.Where(lane => lane.Value.IsCompleted).Select(lane => lane.Key).ToList())
        {
            _lanes.Remove(ended);
        }

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        List<string> due;
        await using (var db = database.Read())
        {
            due = await db.WebhookDeliveries.Where(d => d.State == DeliveryState.Pending && d.DueAt <= now).Select(d => d.WebhookId).Distinct().ToListAsync(cancellationToken);
        }

        foreach (var webhook in due.Where(id => !_lanes.ContainsKey(id)))
        {
            _lanes.Add(webhook, LaneAsync(webhook, cancellationToken));
        }
    }

    /// <summary>Delivers what is due of one webhook, the oldest first; while that waits for its next attempt, so do those behind it.</summary>
    private async Task LaneAsync(string webhook, CancellationToken cancellationToken)
    {
        // The loop goes on to the other lanes.
        await Task.Yield();
        try
        {
            while (await OldestAsync(webhook, cancellationToken) is { } delivery)
            {
                await _slots.WaitAsync(cancellationToken);
                try
                {
                    await DeliverAsync(delivery, cancellationToken);
                }
                finally
                {
                    _slots.Release();
                }
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(error.Message);
        }
        catch (OperationCanceledException)
        {
            // The registry stops; the next start takes up what is left.
        }
    }

    /// <summary>The oldest delivery of a webhook that has not ended; null when there is none or its time has not come.</summary>
    private async Task<WebhookDelivery?> OldestAsync(string webhook, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var oldest = await db.WebhookDeliveries.Where(d => d.State == DeliveryState.Pending && d.WebhookId == webhook)
            .OrderBy(d => d.CreatedAt).ThenBy(d => d.DeliveryId).FirstOrDefaultAsync(cancellationToken);
        return oldest?.DueAt <= time.GetUtcNow().ToUnixTimeMilliseconds() ? oldest : null;
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
            // Another replica was first: the next look finds it claimed and ends the lane.
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
