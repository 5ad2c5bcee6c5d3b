using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.PredictionLog;

/// <summary>
/// Writes answered predictions to the event log behind the answer, many in one event. A request pays for a copy of its tensors
/// into the batch of its variant; then its tensors and its version are free, also while the event log is down. Batches are
/// closed by size and by time, and one loop writes them. What does not fit the bounds is dropped and counted.
/// </summary>
public sealed partial class PredictionLogger : BackgroundService
{
    /// <summary>CloudEvents source of this service's events.</summary>
    internal const string EventSource = "/inference";

    private readonly PredictionLogOptions _options;
    private readonly OpenBatches _batches;
    private readonly BatchAppender _appender;
    private readonly PredictionLogMetrics _metrics;
    private readonly RandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<PredictionLogger> _logger;
    private volatile bool _stopped;

    public PredictionLogger(
        IEventLog log, HashKey key, RandomSource random, IOptions<PredictionLogOptions> options, IMeterFactory meters, TimeProvider time, ILogger<PredictionLogger> logger)
    {
        (_random, _options, _time, _logger) = (random, options.Value, time, logger);
        _batches = new OpenBatches(_options);
        _metrics = new PredictionLogMetrics(meters, () => _batches.Waiting);
        _appender = new BatchAppender(log, _batches, new SensitiveValues(key), _metrics, time, logger);
    }

    /// <summary>Why predictions can't be written at the moment, or null.</summary>
    public string? Problem => _appender.Problem;

    /// <summary>Takes over an answered call: its tensors and its version are given back before this method returns.</summary>
    public void Log(InferenceCall call)
    {
        try
        {
            Log(AnsweredCall.Of(call));
        }
        finally
        {
            call.Release();
        }
    }

    /// <summary>Copies what an answered call is logged with; its tensors stay the caller's.</summary>
    public void Log(in AnsweredCall call)
    {
        try
        {
            var share = call.Endpoint.Logging.SampleShare;
            var dropped = _stopped ? DropReason.Stopped : _batches.Add(in call, withInputs: share >= 1 || _random.NextDouble() < share);
            if (dropped is not null)
            {
                _metrics.Dropped(1, dropped);
            }
        }
        catch (Exception error)
        {
            // One prediction that can't be written down must not fail its caller or end the log of all others.
            LogRefused(call.Endpoint.Name, error.Message);
            _metrics.Dropped(1, DropReason.Error);
        }
    }

    public override void Dispose()
    {
        _appender.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var drained = new CancellationTokenSource();
        var closing = CloseByTimeAsync(drained, stoppingToken);
        try
        {
            await _appender.RunAsync(drained.Token);
        }
        catch (OperationCanceledException) when (drained.IsCancellationRequested)
        {
            _metrics.Dropped(_batches.Waiting, DropReason.Stopped);
            LogCut(_batches.Waiting);
        }

        await closing;
    }

    /// <summary>Ends when the server stops; then everything is closed and the drain's time begins.</summary>
    private async Task CloseByTimeAsync(CancellationTokenSource drained, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(_options.FlushIntervalMilliseconds), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                _batches.CloseAll();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            _stopped = true;
            _batches.CloseAll();
            _batches.Complete();
            drained.CancelAfter(TimeSpan.FromSeconds(_options.DrainSeconds));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A prediction of endpoint {Endpoint} was not logged: {Reason}")]
    private partial void LogRefused(string endpoint, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopped with {Count} predictions not logged")]
    private partial void LogCut(long count);
}
