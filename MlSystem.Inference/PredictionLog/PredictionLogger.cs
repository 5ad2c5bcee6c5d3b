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
/// uncopied and return to their pool when the event is written. What does not fit is dropped and counted.
/// </summary>
public sealed partial class PredictionLogger : BackgroundService
{
    /// <summary>CloudEvents source of this service's events.</summary>
    internal const string EventSource = "/inference";

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);
    private readonly Channel<InferenceCall> _waiting;
    private readonly PredictionLogOptions _options;
    private readonly IEventLog _log;
    private readonly RandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<PredictionLogger> _logger;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _written;
    private long _waitingBytes;

    public PredictionLogger(
        IEventLog log, RandomSource random, IOptions<PredictionLogOptions> options, IMeterFactory meters, TimeProvider time, ILogger<PredictionLogger> logger)
    {
        (_log, _random, _options, _time, _logger) = (log, random, options.Value, time, logger);
        _waiting = Channel.CreateBounded<InferenceCall>(new BoundedChannelOptions(_options.MaxWaiting) { SingleReader = true });
        var meter = meters.Create(InferenceMetrics.MeterName);
        _dropped = meter.CreateCounter<long>("mlsystem_prediction_log_dropped", unit: null, "Predictions that were not logged, by reason");
        _written = meter.CreateCounter<long>("mlsystem_prediction_log_written", unit: null, "Predictions in the event log");
    }

    /// <summary>Takes over an answered call.</summary>
    public void Log(InferenceCall call)
    {
        var bytes = Bytes(call);
        if (Interlocked.Add(ref _waitingBytes, bytes) <= _options.MaxWaitingBytes && _waiting.Writer.TryWrite(call))
        {
            return;
        }

        Release(call, bytes);
        _dropped.Add(1, new KeyValuePair<string, object?>("reason", "full"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var drained = new CancellationTokenSource();
        await using var stop = stoppingToken.Register(() =>
        {
            _waiting.Writer.TryComplete();
            drained.CancelAfter(TimeSpan.FromSeconds(_options.DrainSeconds));
        });
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(drained.Token))
            {
                await WriteAsync(TakeBatch(), drained.Token);
            }
        }
        catch (OperationCanceledException) when (drained.IsCancellationRequested)
        {
            LogCut(_waiting.Reader.Count);
        }
        finally
        {
            while (_waiting.Reader.TryRead(out var left))
            {
                Release(left, Bytes(left));
            }
        }
    }

    private List<LogEvent> TakeBatch()
    {
        var events = new List<LogEvent>(Math.Min(_waiting.Reader.Count, _options.BatchSize));
        while (events.Count < _options.BatchSize && _waiting.Reader.TryRead(out var call))
        {
            try
            {
                if (Event(call) is { } written)
                {
                    events.Add(written);
                }
            }
            finally
            {
                Release(call, Bytes(call));
            }
        }

        return events;
    }

    private LogEvent? Event(InferenceCall call)
    {
        var share = call.Route.Endpoint.Logging.SampleShare;
        var sampled = share >= 1 || _random.NextDouble() < share;
        var value = PredictionEventWriter.Write(call, withInputs: sampled);
        if (value.Length > _options.MaxEventBytes && sampled)
        {
            value = PredictionEventWriter.Write(call, withInputs: false);
        }

        if (value.Length > _options.MaxEventBytes)
        {
            _dropped.Add(1, new KeyValuePair<string, object?>("reason", "too_large"));
            return null;
        }

        return CloudEvents.Create(call.RequestId, call.RequestId, EventTypes.Prediction, EventSource, call.Time, value);
    }

    private async Task WriteAsync(List<LogEvent> events, CancellationToken cancellationToken)
    {
        if (events.Count == 0)
        {
            return;
        }

        for (var delay = TimeSpan.FromMilliseconds(100); ; delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay)
        {
            try
            {
                await _log.AppendAsync(Topics.Predictions, events, cancellationToken);
                _written.Add(events.Count);
                return;
            }
            catch (EventTooLargeException error)
            {
                LogRefused(events.Count, error.Message);
                _dropped.Add(events.Count, new KeyValuePair<string, object?>("reason", "too_large"));
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogRetry(error.Message, delay.TotalMilliseconds);
                await Task.Delay(delay, _time, cancellationToken);
            }
        }
    }

    private void Release(InferenceCall call, long bytes)
    {
        Interlocked.Add(ref _waitingBytes, -bytes);
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
