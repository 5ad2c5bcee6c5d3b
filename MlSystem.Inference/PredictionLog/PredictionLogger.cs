using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.PredictionLog;

/// <summary>
/// Writes answered predictions to the event log behind the answer. A request pays for one enqueue: its tensors go along
/// uncopied. One loop turns them into events and gives them back at once, also while the event log is down, so that no
/// version stays in memory for it; another appends the events in batches. What does not fit the bounds is dropped and counted.
/// </summary>
public sealed partial class PredictionLogger : BackgroundService
{
    /// <summary>CloudEvents source of this service's events.</summary>
    internal const string EventSource = "/inference";

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly Channel<InferenceCall> _answered;
    private readonly Channel<LogEvent> _events;
    private readonly PredictionLogOptions _options;
    private readonly IEventLog _log;
    private readonly RandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<PredictionLogger> _logger;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _written;
    private readonly PredictionEventWriter _writer = new();
    private long _tensorBytes;
    private long _eventBytes;
    private volatile string? _problem;

    public PredictionLogger(
        IEventLog log, RandomSource random, IOptions<PredictionLogOptions> options, IMeterFactory meters, TimeProvider time, ILogger<PredictionLogger> logger)
    {
        (_log, _random, _options, _time, _logger) = (log, random, options.Value, time, logger);
        _answered = Channel.CreateBounded<InferenceCall>(new BoundedChannelOptions(_options.MaxWaiting) { SingleReader = true });
        _events = Channel.CreateBounded<LogEvent>(new BoundedChannelOptions(_options.MaxWaiting) { SingleReader = true, SingleWriter = true });
        var meter = meters.Create(InferenceMetrics.MeterName);
        _dropped = meter.CreateCounter<long>("mlsystem_prediction_log_dropped", unit: null, "Predictions that were not logged, by reason");
        _written = meter.CreateCounter<long>("mlsystem_prediction_log_written", unit: null, "Predictions in the event log");
    }

    /// <summary>Why predictions can't be written at the moment, or null.</summary>
    public string? Problem => _problem;

    /// <summary>Takes over an answered call.</summary>
    public void Log(InferenceCall call)
    {
        var bytes = Bytes(call);
        if (Interlocked.Add(ref _tensorBytes, bytes) <= _options.MaxWaitingBytes && _answered.Writer.TryWrite(call))
        {
            return;
        }

        Release(call, bytes);
        Drop(1, "full");
    }

    public override void Dispose()
    {
        _writer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var drained = new CancellationTokenSource();
        await using var stop = stoppingToken.Register(() =>
        {
            _answered.Writer.TryComplete();
            drained.CancelAfter(TimeSpan.FromSeconds(_options.DrainSeconds));
        });
        try
        {
            await Task.WhenAll(SerializeAsync(), AppendAsync(drained.Token));
        }
        catch (OperationCanceledException) when (drained.IsCancellationRequested)
        {
            LogCut(_events.Reader.Count);
        }
    }

    /// <summary>Ends when stopping has closed the queue and it is empty; it waits for nothing else.</summary>
    private async Task SerializeAsync()
    {
        try
        {
            while (await _answered.Reader.WaitToReadAsync(CancellationToken.None))
            {
                while (_answered.Reader.TryRead(out var call))
                {
                    Serialize(call);
                }
            }
        }
        finally
        {
            _events.Writer.Complete();
        }
    }

    private void Serialize(InferenceCall call)
    {
        try
        {
            if (Event(call) is { } written)
            {
                Enqueue(written);
            }
        }
        catch (Exception error)
        {
            // One prediction that can't be written must not end the log of all others.
            LogRefused(1, error.Message);
            Drop(1, "error");
        }
        finally
        {
            Release(call, Bytes(call));
        }
    }

    private void Enqueue(LogEvent written)
    {
        if (Interlocked.Add(ref _eventBytes, written.Value.Length) <= _options.MaxWaitingBytes && _events.Writer.TryWrite(written))
        {
            return;
        }

        Interlocked.Add(ref _eventBytes, -written.Value.Length);
        Drop(1, "full");
    }

    private async Task AppendAsync(CancellationToken cancellationToken)
    {
        var batch = new List<LogEvent>(_options.BatchSize);
        while (await _events.Reader.WaitToReadAsync(cancellationToken))
        {
            long bytes = 0;
            while (batch.Count < _options.BatchSize && _events.Reader.TryRead(out var next))
            {
                batch.Add(next);
                bytes += next.Value.Length;
            }

            await WriteAsync(batch, cancellationToken);
            Interlocked.Add(ref _eventBytes, -bytes);
            batch.Clear();
        }
    }

    private LogEvent? Event(InferenceCall call)
    {
        var share = call.Route.Endpoint.Logging.SampleShare;
        var sampled = share >= 1 || _random.NextDouble() < share;
        var value = _writer.Write(call, withInputs: sampled);
        if (value.Length > _options.MaxEventBytes && sampled)
        {
            value = _writer.Write(call, withInputs: false);
        }

        if (value.Length > _options.MaxEventBytes)
        {
            Drop(1, "too_large");
            return null;
        }

        return CloudEvents.Create(call.RequestId, call.RequestId, EventTypes.Prediction, EventSource, call.Time, value);
    }

    private async Task WriteAsync(List<LogEvent> events, CancellationToken cancellationToken)
    {
        for (var delay = TimeSpan.FromMilliseconds(100); ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                await _log.AppendAsync(Topics.Predictions, events, cancellationToken);
                _written.Add(events.Count);
                _problem = null;
                return;
            }
            catch (EventTooLargeException error)
            {
                LogRefused(events.Count, error.Message);
                Drop(events.Count, "too_large");
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                _problem = error.Message;
                LogRetry(error.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, _time, cancellationToken);
            }
        }
    }

    private void Drop(int predictions, string reason) => _dropped.Add(predictions, new KeyValuePair<string, object?>("reason", reason));

    private void Release(InferenceCall call, long bytes)
    {
        Interlocked.Add(ref _tensorBytes, -bytes);
        call.Variant.Version.Runtime.Return(call.Tensors);
        call.Variant.Version.Release();
    }

    private static long Bytes(InferenceCall call)
    {
        long bytes = 0;
        foreach (var input in call.Tensors.Inputs)
        {
            bytes += input.KeptBytes;
        }

        return bytes;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Predictions can't be written to the event log: {Reason}; again in {DelayMs} ms")]
    private partial void LogRetry(string reason, double delayMs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} predictions were not logged: {Reason}")]
    private partial void LogRefused(int count, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopped with {Count} predictions not logged")]
    private partial void LogCut(int count);
}
