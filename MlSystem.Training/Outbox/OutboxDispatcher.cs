using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Runs;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Outbox;

/// <summary>
/// Moves events from the outbox to the event log, in order; an event leaves the outbox only when the log has it, so a crash
/// in between sends it again under the same id.
/// </summary>
public sealed partial class OutboxDispatcher(
    IDbContextFactory<TrainingContext> contexts, IEventLog log, RunSignal signal, StoreReady store, IOptions<RunOptions> options, ILogger<OutboxDispatcher> logger)
    : BackgroundService
{
    private const int BatchSize = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await store.WaitAsync(stoppingToken);
            while (true)
            {
                var next = signal.Next;
                if (!await TryDispatchAsync(stoppingToken))
                {
                    await signal.WaitAsync(next, options.Value.PollInterval, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left in the outbox goes out after the next start.
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> TryDispatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await DispatchAsync(cancellationToken) == BatchSize;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && error is not OutOfMemoryException)
        {
            // Whatever the log's or the database's trouble is: the events stay where they are.
            LogDelayed(error.Message, error is DbException or DbUpdateException ? "database" : "event log");
            return false;
        }
    }

    private async Task<int> DispatchAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (!await context.TryLockOutboxAsync(cancellationToken))
        {
            // Another replica is sending.
            return 0;
        }

        var rows = await context.Outbox.AsNoTracking().OrderBy(o => o.Id).Take(BatchSize).ToListAsync(cancellationToken);
        foreach (var topic in rows.GroupBy(r => r.Topic, StringComparer.Ordinal))
        {
            await log.AppendAsync(topic.Key, [.. topic.Select(ToEvent)], cancellationToken);
        }

        long[] sent = [.. rows.Select(r => r.Id)];
        await context.Outbox.Where(o => sent.Contains(o.Id)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return rows.Count;
    }

    private static LogEvent ToEvent(OutboxRow row) => new(row.Key, Encoding.UTF8.GetBytes(row.Payload), new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["ce_specversion"] = "1.0",
        ["ce_id"] = row.EventId,
        ["ce_source"] = "/mlsystem/training",
        ["ce_type"] = row.Type,
        ["ce_subject"] = row.Key,
        ["ce_time"] = row.Time.ToString("O", CultureInfo.InvariantCulture),
        ["content-type"] = "application/json",
    });

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run events wait in the outbox ({Store}): {Reason}")]
    private partial void LogDelayed(string reason, string store);
}
