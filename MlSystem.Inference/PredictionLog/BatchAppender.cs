using System.Buffers;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.PredictionLog;

/// <summary>Writes closed batches as events and appends them, those that wait together at once. While the event log is down it tries again and again.</summary>
internal sealed partial class BatchAppender(
    IEventLog log, OpenBatches batches, SensitiveValues sensitive, PredictionLogMetrics metrics, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Bytes of events in one append; the batches behind them wait in their smaller form.</summary>
    private const int MaxAppendBytes = 4 << 20;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly PredictionBatchWriter _writer = new(sensitive);

    // Events of a megabyte, some a second: allocated anew, each would be on the heap of large objects.
    private readonly Stack<ArrayBufferWriter<byte>> _buffers = [];
    private readonly List<Written> _written = [];
    private volatile string? _problem;

    /// <summary>Why events can't be written at the moment, or null.</summary>
    public string? Problem => _problem;

    public void Dispose() => _writer.Dispose();

    /// <summary>Ends when no more batches come and all are written.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await batches.Closed.WaitToReadAsync(cancellationToken))
        {
            for (long bytes = 0; bytes < MaxAppendBytes && batches.Closed.TryRead(out var batch);)
            {
                bytes += Write(batch);
            }

            await AppendAsync(_written, cancellationToken);
            foreach (var written in _written)
            {
                batches.Forget(written.Requests, written.Counted);
                written.Buffer.ResetWrittenCount();
                _buffers.Push(written.Buffer);
            }

            _written.Clear();
        }
    }

    private int Write(BatchBuilder batch)
    {
        var buffer = _buffers.TryPop(out var used) ? used : new ArrayBufferWriter<byte>(4096);
        try
        {
            var first = long.MaxValue;
            foreach (ref readonly var request in batch.Requests)
            {
                first = Math.Min(first, request.Time);
            }

            var start = DateTimeOffset.UnixEpoch.AddTicks(first * TimeSpan.TicksPerMicrosecond);
            var id = Guid.CreateVersion7(time.GetUtcNow()).ToString();
            _writer.Write(batch, id, start, buffer);
            var e = CloudEvents.Create(id, id, EventTypes.PredictionBatch, PredictionLogger.EventSource, start, buffer.WrittenMemory);
            _written.Add(new Written(e, batch.Requests.Length, batch.Bytes, buffer));
            return buffer.WrittenCount;
        }
        catch (Exception error)
        {
            Drop(batch.Requests.Length, DropReason.Error, error);
            batches.Forget(batch.Requests.Length, batch.Bytes);
            return 0;
        }
        finally
        {
            batch.Free();
        }
    }

    private async Task AppendAsync(IReadOnlyList<Written> written, CancellationToken cancellationToken)
    {
        if (written.Count == 0)
        {
            return;
        }

        for (var delay = TimeSpan.FromMilliseconds(100); ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                await log.AppendAsync(Topics.Predictions, [.. written.Select(w => w.Event)], cancellationToken);
                metrics.Written(written.Sum(w => (long)w.Requests), written.Sum(w => (long)w.Event.Value.Length));
                _problem = null;
                return;
            }
            catch (EventTooLargeException error)
            {
                await AppendWithoutTooLargeAsync(written, error, cancellationToken);
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                _problem = error.Message;
                LogRetry(error.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    /// <summary>The event log takes smaller events than this service was told: the others must not be lost with the one.</summary>
    private async Task AppendWithoutTooLargeAsync(IReadOnlyList<Written> written, EventTooLargeException error, CancellationToken cancellationToken)
    {
        if (written.Count == 1)
        {
            Drop(written[0].Requests, DropReason.TooLarge, error);
            return;
        }

        foreach (var one in written)
        {
            await AppendAsync([one], cancellationToken);
        }
    }

    private void Drop(int requests, string reason, Exception error)
    {
        LogRefused(logger, requests, error.Message);
        metrics.Dropped(requests, reason);
    }

    private void LogRetry(string reason, double delayMs) => LogRetry(logger, reason, delayMs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Predictions can't be written to the event log: {Reason}; again in {DelayMs} ms")]
    private static partial void LogRetry(ILogger logger, string reason, double delayMs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} predictions were not logged: {Reason}")]
    private static partial void LogRefused(ILogger logger, int count, string reason);

    /// <param name="Counted">Bytes that the batch counts against the log's bound.</param>
    private sealed record Written(LogEvent Event, int Requests, long Counted, ArrayBufferWriter<byte> Buffer);
}
