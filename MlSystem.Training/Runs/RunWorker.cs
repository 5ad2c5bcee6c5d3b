using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>Claims runs and executes them, each with a heartbeat of its own, until the service stops.</summary>
public sealed partial class RunWorker(
    RunQueue queue, RunLedger ledger, RunExecutor executor, RunSignal signal, StoreReady store, IOptions<RunOptions> options, TimeProvider time,
    ILogger<RunWorker> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await store.WaitAsync(stoppingToken);
        await Task.WhenAll(Enumerable.Range(1, options.Value.Workers).Select(number => WorkAsync(Name(number), stoppingToken)));
    }

    private static string Name(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}/{number}");

    private async Task WorkAsync(string owner, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var next = signal.Next;
            try
            {
                var lease = await queue.TryClaimAsync(owner, stopping);
                if (lease is null)
                {
                    await signal.WaitAsync(next, options.Value.PollInterval, stopping);
                    continue;
                }

                await HoldAsync(lease, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is DbException or DbUpdateException or LeaseLostException)
            {
                // The database is away or another worker has the run. What was recorded stands; the lease ends by itself.
                LogInterrupted(owner, error);
                await signal.WaitAsync(signal.Next, options.Value.PollInterval, CancellationToken.None);
            }
        }
    }

    private async Task HoldAsync(RunLease lease, CancellationToken stopping)
    {
        using var working = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var heartbeat = BeatAsync(lease, working);
        var ended = false;
        Ending ending;
        try
        {
            ended = await ExecuteAsync(lease, working);
        }
        finally
        {
            // Whatever happened: nobody else gets the run while its heart beats.
            await working.CancelAsync();
            ending = await heartbeat;
        }

        if (ended)
        {
            return;
        }

        if (ending == Ending.Cancelled)
        {
            await ledger.CancelAsync(lease, CancellationToken.None);
        }
        else if (ending == Ending.Lost)
        {
            LogLost(lease.RunId);
        }
        else if (stopping.IsCancellationRequested)
        {
            await ledger.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    /// <returns>Whether the run reached its end; else it was cancelled, its lease was lost or the service stops.</returns>
    private async Task<bool> ExecuteAsync(RunLease lease, CancellationTokenSource working)
    {
        try
        {
            await executor.ExecuteAsync(lease, working.Token);
            return true;
        }
        catch (Exception error) when (working.IsCancellationRequested)
        {
            LogStopped(lease.RunId, error.Message);
            return false;
        }
        catch (Exception error) when (error is not (DbException or DbUpdateException or LeaseLostException))
        {
            // Nothing that a step did: the run would fail the same way for every worker.
            LogBroken(lease.RunId, error);
            await ledger.FailAsync(lease, step: null, error.Message, CancellationToken.None);
            return true;
        }
    }

    /// <summary>Keeps the lease until the work is over, and ends the work when the lease cannot be kept or the run is to be cancelled.</summary>
    private async Task<Ending> BeatAsync(RunLease lease, CancellationTokenSource working)
    {
        var kept = time.GetTimestamp();
        while (true)
        {
            var next = signal.Next;
            try
            {
                switch (await queue.HeartbeatAsync(lease, working.Token))
                {
                    case Heartbeat.CancelRequested:
                        await working.CancelAsync();
                        return Ending.Cancelled;
                    case Heartbeat.Ended:
                        // The work wrote its end and is about to return: nothing is lost, and nothing is to be stopped.
                        return Ending.WorkOver;
                }

                kept = time.GetTimestamp();
                await signal.WaitAsync(next, options.Value.LeaseDuration / 3, working.Token);
            }
            catch (Exception) when (working.IsCancellationRequested)
            {
                return Ending.WorkOver;
            }
            catch (Exception error) when (error is LeaseLostException || time.GetElapsedTime(kept) > options.Value.LeaseDuration)
            {
                await working.CancelAsync();
                return Ending.Lost;
            }
            catch (Exception error) when (error is DbException or DbUpdateException)
            {
                // The lease still holds for a while; the next beat may reach the database.
                LogBeatFailed(lease.RunId, error.Message);
                await signal.WaitAsync(signal.Next, options.Value.PollInterval, CancellationToken.None);
            }
        }
    }

    /// <summary>Why a heartbeat ended.</summary>
    private enum Ending
    {
        WorkOver,
        Cancelled,
        Lost,
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {Run} stops ({Reason})")]
    private partial void LogStopped(string run, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {Run} cannot be executed")]
    private partial void LogBroken(string run, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of run {Run} is lost; another worker may have it")]
    private partial void LogLost(string run);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The heartbeat of run {Run} failed: {Reason}")]
    private partial void LogBeatFailed(string run, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Owner} was interrupted")]
    private partial void LogInterrupted(string owner, Exception error);
}
