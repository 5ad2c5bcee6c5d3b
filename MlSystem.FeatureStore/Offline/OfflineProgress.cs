using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Tells when what was acknowledged before a moment has reached the Parquet files.</summary>
public sealed class OfflineProgress(IEventLog log, IOptions<FeatureStoreOptions> options, TimeProvider time) : IDisposable
{
    public const string Group = "features-offline";

    /// <summary>Another replica may hold some partitions; its commits are seen by asking again.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private CancellationTokenSource _flush = new();
    private TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when somebody waits for the rows gathered so far.</summary>
    internal CancellationToken FlushRequested
    {
        get
        {
            lock (_gate)
            {
                return _flush.Token;
            }
        }
    }

    /// <summary>Waits until every row that is in the event log now can be read from Parquet.</summary>
    /// <exception cref="OfflineStoreException">It takes longer than <c>Features:OfflineBarrierSeconds</c>.</exception>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.OfflineBarrierSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var ends = (await log.GetPositionsAsync(Topics.Features, Group, either.Token)).ToDictionary(position => position.Partition, position => position.End);
            while (true)
            {
                var committed = NextCommit();
                var positions = await log.GetPositionsAsync(Topics.Features, Group, either.Token);
                if (positions.All(position => position.Committed >= ends.GetValueOrDefault(position.Partition)))
                {
                    return;
                }

                RequestFlush();
                await Task.WhenAny(committed, Task.Delay(AskAgain, time, either.Token));
                either.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new OfflineStoreException($"Acknowledged rows did not reach the Parquet files within {options.Value.OfflineBarrierSeconds} s.");
        }
        catch (Exception error) when (error is not (OperationCanceledException or OfflineStoreException))
        {
            throw new OfflineStoreException($"The event log does not answer ({error.GetType().Name}).", error);
        }
    }

    /// <summary>The writer has committed; later requests to flush are for what comes now.</summary>
    internal void Committed()
    {
        lock (_gate)
        {
            _committed.TrySetResult();
            _committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_flush.IsCancellationRequested)
            {
                _flush.Dispose();
                _flush = new CancellationTokenSource();
            }
        }
    }

    public void Dispose() => _flush.Dispose();

    private Task NextCommit()
    {
        lock (_gate)
        {
            return _committed.Task;
        }
    }

    private void RequestFlush()
    {
        lock (_gate)
        {
            _flush.Cancel();
        }
    }
}
