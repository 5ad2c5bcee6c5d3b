using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Events;

/// <summary>
/// Carries the outbox to the event log, oldest first. A row is removed only after the log has its event durably, so a crash
/// in between delivers twice, never not at all. One replica delivers at a time.
/// </summary>
internal sealed partial class OutboxDispatcher(
    IDbContextFactory<RegistryContext> contexts, IEventLog log, OutboxSignal signal, StartupRunner startup, TimeProvider time, ILogger<OutboxDispatcher> logger) : BackgroundService
{
    private const int BatchSize = 500;

    /// <summary>How long an event waits when the replica that wrote it died before it delivered.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await DeliverAsync(stoppingToken) == BatchSize)
                {
                    // More may wait behind a full batch.
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }

            await WaitAsync(stoppingToken);
        }
    }

    private static LogEvent ToLogEvent(OutboxMessage message) => new(message.Key, Encoding.UTF8.GetBytes(message.Payload), new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["ce_specversion"] = "1.0",
        ["ce_id"] = message.EventId,
        ["ce_source"] = "/registry",
        ["ce_type"] = EventTypes.Registry,
        ["ce_time"] = DateTimeOffset.FromUnixTimeMilliseconds(message.CreatedAt).ToString("O", CultureInfo.InvariantCulture),
        ["content-type"] = "application/json",
    });

    private async Task<int> DeliverAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // On SQLite, where one process owns the database, no transaction keeps other writers out while the log is written.
        await using var transaction = db.SingleWriter ? null : await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await db.TryLockOutboxAsync(cancellationToken))
        {
            return 0;
        }

        var messages = await db.Outbox.AsNoTracking().OrderBy(m => m.Id).Take(BatchSize).ToListAsync(cancellationToken);
        if (messages.Count > 0)
        {
            await log.AppendAsync(Topics.Registry, [.. messages.Select(ToLogEvent)], cancellationToken);
            var ids = messages.ConvertAll(m => m.Id);
            await db.Outbox.Where(m => ids.Contains(m.Id)).ExecuteDeleteAsync(cancellationToken);
        }

        if (transaction is not null)
        {
            await transaction.CommitAsync(cancellationToken);
        }

        return messages.Count;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(signal.WaitAsync(woken.Token), Task.Delay(LookInterval, time, woken.Token));
        await woken.CancelAsync();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Delivering registry events failed: {Reason}; they stay in the outbox")]
    private partial void LogFailed(string reason);
}
