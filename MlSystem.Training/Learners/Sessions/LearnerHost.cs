using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Clients;
using MlSystem.Training.Learners.Models;
using MlSystem.Training.Learners.Snapshots;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>Claims learners that nobody runs, and runs each of them with its publisher until the service stops.</summary>
internal sealed partial class LearnerHost(
    LearnerVault vault, LearnerLeases leases, SnapshotPublisher publisher, IEventLog log, RegistryClient registry, StoreReady store,
    IOptions<LearnerOptions> options, TimeProvider time, ILogger<LearnerHost> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<string, Task> _sessions = new(StringComparer.Ordinal);
    private readonly string _owner = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await store.WaitAsync(stoppingToken);
            await leases.ExpireAllOnSqliteAsync(stoppingToken);
            while (true)
            {
                await TryClaimAsync(stoppingToken);
                await Task.Delay(options.Value.PollInterval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_sessions.Values);
        }
    }

    private async Task TryClaimAsync(CancellationToken stopping)
    {
        try
        {
            foreach (var name in await leases.FreeAsync(stopping))
            {
                if (_sessions.Count < options.Value.MaxLearners && !_sessions.ContainsKey(name) && await leases.TryClaimAsync(name, _owner, stopping) is { } lease)
                {
                    _sessions[name] = HoldAsync(lease, stopping);
                }
            }
        }
        catch (Exception error) when (error is DbException or DbUpdateException)
        {
            LogDatabase(error.Message);
        }
    }

    private async Task HoldAsync(LearnerLease lease, CancellationToken stopping)
    {
        await Task.Yield();
        string? failure = null;
        try
        {
            await RunAsync(lease, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping: the state is stored.
        }
        catch (LearnerLostException)
        {
            LogLost(lease.Name);
        }
        catch (Exception error) when (error is LearnerDivergedException or InvalidDataException or StepFailedException or EndOfStreamException)
        {
            // Trying again would end the same way: somebody has to change something.
            failure = error.Message;
            LogFailed(lease.Name, error.Message);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            LogInterrupted(lease.Name, error.Message);
        }

        await ReleaseAsync(lease, failure);
        _sessions.TryRemove(lease.Name, out _);
    }

    private async Task RunAsync(LearnerLease lease, CancellationToken stopping)
    {
        var record = await leases.BeatAsync(lease, stopping);
        var definition = JsonSerializer.Deserialize(record.Definition, LearnerJson.Default.LearnerDefinition)!;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var publishing = PublishAsync(lease, definition, ending.Token);
        try
        {
            await new LearnerSession(vault, leases, log, registry, lease, definition, options.Value.PollInterval, time).RunAsync(stopping);
        }
        finally
        {
            await ending.CancelAsync();
            await publishing;
        }

        // A learner that is paused still registers what was taken of it.
        await publisher.PublishAsync(lease, definition, stopping);
    }

    private async Task PublishAsync(LearnerLease lease, Definitions.LearnerDefinition definition, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await publisher.PublishAsync(lease, definition, cancellationToken);
                await Task.Delay(options.Value.PollInterval, time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // An outage of the registry or the database: learning goes on, the snapshot waits.
                LogWaiting(lease.Name, error.Message);
                await Task.Delay(options.Value.PollInterval * 2, time, CancellationToken.None);
            }
        }
    }

    private async Task ReleaseAsync(LearnerLease lease, string? failure)
    {
        try
        {
            await leases.ReleaseAsync(lease, failure, CancellationToken.None);
        }
        catch (Exception error) when (error is DbException or DbUpdateException)
        {
            // The lease ends by itself.
            LogDatabase(error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Learners can't be looked for: {Reason}")]
    private partial void LogDatabase(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Learner {Learner} was changed, deleted or taken over")]
    private partial void LogLost(string learner);

    [LoggerMessage(Level = LogLevel.Error, Message = "Learner {Learner} failed: {Reason}")]
    private partial void LogFailed(string learner, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Learner {Learner} was interrupted and goes on from its last checkpoint: {Reason}")]
    private partial void LogInterrupted(string learner, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A snapshot of learner {Learner} waits to be registered: {Reason}")]
    private partial void LogWaiting(string learner, string reason);
}
