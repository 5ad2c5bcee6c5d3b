using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Routing;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Inference.Bandits;

/// <summary>
/// Reads all feedback into the ledger, in a consumer group of this replica's own, from the moment on when an endpoint has the
/// policy bandit. Offsets are committed behind a snapshot; what comes twice is passed over by its offset.
/// </summary>
internal sealed partial class FeedbackFollower(
    IEventLog log, BanditLedger ledger, BanditMetrics metrics, SnapshotFile file, ServingState state, StartupRunner startup,
    IOptions<BanditOptions> options, IOptions<EventLogOptions> logOptions, TimeProvider time, ILogger<FeedbackFollower> logger) : BackgroundService
{
    private const int BatchSize = 1000;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private string _group = "";
    private long _saved;
    private volatile string? _problem;

    /// <summary>Why feedback can't be read at the moment, or null.</summary>
    public string? Problem => _problem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await startup.WaitUntilReadyAsync(stoppingToken);
            while (!state.Table.Endpoints.Values.Any(route => route.Endpoint.Policy.Kind == PolicyKind.Bandit))
            {
                await Task.Delay(Look, time, stoppingToken);
            }

            await BeginAsync(stoppingToken);
            while (true)
            {
                await FollowAsync(stoppingToken);
                await Task.Delay(Retry, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await SaveAtEndAsync();
        }
    }

    /// <summary>The group's name is on the disk before it is used, so that a restart goes on with it.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (await file.ReadAsync(cancellationToken) is { } snapshot)
        {
            _group = snapshot.Group;
            ledger.Restore(snapshot);
        }
        else
        {
            _group = $"inference-bandits-{Guid.CreateVersion7(time.GetUtcNow()):N}";
        }

        metrics.Start();
        LogFollowing(_group);
        _saved = -1;
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SaveAsync(cancellationToken);
            await using var consumer = log.Subscribe(Topics.Feedback, _group);
            while (true)
            {
                var began = time.GetTimestamp();
                do
                {
                    await ReadAsync(consumer, cancellationToken);
                }
                while (time.GetElapsedTime(began).TotalSeconds < options.Value.SnapshotSeconds);

                if (await SaveAsync(cancellationToken))
                {
                    await consumer.CommitAsync(cancellationToken);
                }
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            _problem = error.Message;
            LogLost(error.Message);
        }
    }

    /// <summary>Takes what is there, or waits for it no longer than to the next snapshot.</summary>
    private async Task ReadAsync(IEventConsumer consumer, CancellationToken cancellationToken)
    {
        using var snapshot = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.SnapshotSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(snapshot.Token, cancellationToken);
        try
        {
            foreach (var stored in await consumer.ReadAsync(BatchSize, either.Token))
            {
                ledger.Take(stored.Partition, stored.Offset, stored.Time, Parse(stored));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time for a snapshot.
        }

        _problem = null;
    }

    /// <summary>Null for an event of another kind or that can't be read: it teaches nothing, now or later.</summary>
    private FeedbackEvent? Parse(StoredEvent stored)
    {
        try
        {
            return JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.FeedbackEvent);
        }
        catch (JsonException error)
        {
            LogUnreadable(stored.Partition, stored.Offset, error.Message);
            return null;
        }
    }

    /// <returns>Whether there was something new.</returns>
    private async Task<bool> SaveAsync(CancellationToken cancellationToken)
    {
        var changes = ledger.Changes;
        if (changes == _saved)
        {
            return false;
        }

        var keepSince = time.GetUtcNow() - logOptions.Value.RetentionAge;
        await file.WriteAsync(ledger.Snapshot(_group, state.Table.Endpoints.ContainsKey, keepSince), cancellationToken);
        _saved = changes;
        return true;
    }

    private async Task SaveAtEndAsync()
    {
        try
        {
            if (_group.Length > 0)
            {
                await SaveAsync(CancellationToken.None);
            }
        }
        catch (IOException error)
        {
            LogLost(error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "An endpoint has the policy bandit: feedback is read in the group {Group}")]
    private partial void LogFollowing(string group);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Feedback can't be read for the bandits: {Reason}; they go on with what they know")]
    private partial void LogLost(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The feedback at partition {Partition}, offset {Offset} can't be read: {Reason}")]
    private partial void LogUnreadable(int partition, long offset, string reason);
}
