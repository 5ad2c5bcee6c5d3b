using System.Collections.Concurrent;
using System.Threading.Channels;

namespace MlSystem.Inference.PredictionLog;

/// <summary>The batches that requests join at the moment, and those that are closed and wait to be written. Safe for concurrent callers.</summary>
internal sealed class OpenBatches(PredictionLogOptions options)
{
    private readonly ConcurrentDictionary<BatchKey, BatchBuilder> _open = new();
    private readonly Channel<BatchBuilder> _closed = Channel.CreateUnbounded<BatchBuilder>(new UnboundedChannelOptions { SingleReader = true });
    private long _requests;
    private long _bytes;

    /// <summary>Closed batches, oldest first. Their number is bounded by the bytes that may wait.</summary>
    public ChannelReader<BatchBuilder> Closed => _closed.Reader;

    /// <summary>Requests that are neither written nor given up.</summary>
    public long Waiting => Volatile.Read(ref _requests);

    /// <summary>Copies a request into the batch it belongs to; null, or why it is dropped.</summary>
    public string? Add(in AnsweredCall call, bool withInputs)
    {
        if (Interlocked.Increment(ref _requests) > options.MaxWaiting || Volatile.Read(ref _bytes) >= options.MaxWaitingBytes)
        {
            Interlocked.Decrement(ref _requests);
            return DropReason.Full;
        }

        var added = false;
        try
        {
            added = TryJoin(in call, withInputs) || (withInputs && TryJoin(in call, false));
            return added ? null : DropReason.TooLarge;
        }
        finally
        {
            if (!added)
            {
                Interlocked.Decrement(ref _requests);
            }
        }
    }

    /// <summary>Closes every batch that is open now.</summary>
    public void CloseAll()
    {
        foreach (var (key, batch) in _open)
        {
            Close(key, batch);
        }
    }

    /// <summary>The requests of a batch are written or given up.</summary>
    public void Forget(int requests, long bytes)
    {
        Interlocked.Add(ref _requests, -requests);
        Interlocked.Add(ref _bytes, -bytes);
    }

    /// <summary>No batch is closed any more.</summary>
    public void Complete() => _closed.Writer.TryComplete();

    /// <summary>False when it does not fit an empty batch.</summary>
    private bool TryJoin(in AnsweredCall call, bool withInputs)
    {
        var key = new BatchKey(in call, withInputs);
        while (true)
        {
            if (!_open.TryGetValue(key, out var batch))
            {
                batch = _open.GetOrAdd(key, new BatchBuilder(key, in call, options.BatchSize, options.MaxEventBytes));
            }

            var joined = batch.TryAdd(in call, out var bytes);
            Interlocked.Add(ref _bytes, bytes);
            if (joined is Joined.Filled or Joined.NoRoom or Joined.Closed)
            {
                Close(key, batch);
            }

            if (joined is Joined.Added or Joined.Filled or Joined.TooLarge)
            {
                return joined != Joined.TooLarge;
            }
        }
    }

    private void Close(BatchKey key, BatchBuilder batch)
    {
        _open.TryRemove(KeyValuePair.Create(key, batch));
        if (batch.TryClose() && !batch.Requests.IsEmpty)
        {
            _closed.Writer.TryWrite(batch);
        }
    }
}

/// <summary>Why a prediction is not in the log: values of the label <c>reason</c>.</summary>
internal static class DropReason
{
    /// <summary>As many as may wait do.</summary>
    public const string Full = "full";

    /// <summary>Larger than an event may be, even without its inputs.</summary>
    public const string TooLarge = "too_large";

    /// <summary>The server stopped before the event log took it.</summary>
    public const string Stopped = "stopped";

    /// <summary>It could not be written down; the service's log says why.</summary>
    public const string Error = "error";
}
