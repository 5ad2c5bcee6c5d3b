using Microsoft.Extensions.Options;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Features;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Shadowing;

/// <summary>Runs one copy on its shadow version: look-up, run, comparison, log. Whatever happens stays here.</summary>
public sealed partial class ShadowRunner(
    FeatureLookup features, PredictionLogger log, ShadowMetrics metrics, GateKeeper gates, IOptions<ShadowOptions> options, IOptions<RuntimeOptions> runtime,
    TimeProvider time, ILogger<ShadowRunner> logger) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);
    private readonly ShadowThreads _threads = new(options.Value.MaxConcurrency, TimeSpan.FromSeconds(runtime.Value.WatchdogSeconds), time);
    private volatile string? _lastProblem;

    internal async Task RunAsync(ShadowCopy copy, CancellationToken cancellationToken)
    {
        var call = copy.Begin(time);
        try
        {
            await YieldAsync(cancellationToken);
            await PredictAsync(call, cancellationToken);
            metrics.Add(copy.Shadow, copy.Live.Compare(ComparableAnswer.Of(call.Tensors)));
        }
        catch (Exception error)
        {
            Fail(copy.Shadow, error, time.GetElapsedTime(call.Started));
            copy.Release();
            return;
        }

        Succeed(copy.Shadow, call);
    }

    /// <summary>Counts a copy that could not be made or run.</summary>
    internal void Fail(RoutedVariant shadow, Exception error, TimeSpan after)
    {
        var reason = (error as InferenceException)?.Fault.Kind switch
        {
            FaultKind.DeadlineExceeded or FaultKind.Cancelled => FailureReason.Canceled,
            FaultKind.InvalidArgument or FaultKind.Unavailable => FailureReason.Other,
            _ => error is OperationCanceledException ? FailureReason.Canceled : FailureReason.Backend,
        };
        shadow.Statistics.Fail(reason, after.Ticks * TimeSpan.NanosecondsPerTick);

        // The same failure of every copy is told once.
        if (error.Message != _lastProblem)
        {
            _lastProblem = error.Message;
            LogFailed(shadow.Endpoint, shadow.Name, shadow.Version.Key.Model, shadow.Version.Key.Version, error.Message);
        }
    }

    public void Dispose() => _threads.Dispose();

    private void Succeed(RoutedVariant shadow, InferenceCall call)
    {
        var ended = time.GetTimestamp();
        call.Latency = time.GetElapsedTime(call.Started, ended);
        shadow.Statistics.Succeed(
            new RequestTimes(
                Nanoseconds(call.Started, ended), Nanoseconds(call.Started, call.InputsRead), Nanoseconds(call.InputsRead, call.FeaturesRead),
                Nanoseconds(call.RunStarted, call.RunEnded), Nanoseconds(call.RunEnded, ended)),
            call.Rows,
            call.Time.ToUnixTimeMilliseconds());

        // The log gives tensors and lease back.
        log.Log(call);
    }

    private async Task PredictAsync(InferenceCall call, CancellationToken cancellationToken)
    {
        call.InputsRead = time.GetTimestamp();
        var deadline = new Deadline(time, call.InputsRead, TimeSpan.FromMilliseconds(options.Value.TimeoutMs), cancellationToken);
        InputCheck.SetRows(call);
        await features.FillAsync(call, deadline);
        call.FeaturesRead = time.GetTimestamp();
        deadline.Check();
        call.RunStarted = call.FeaturesRead;
        if (call.Variant.Version.Runtime.Computes)
        {
            await _threads.RunAsync(call, deadline);
        }
        else
        {
            await call.Variant.Version.Runtime.RunAsync(call.Tensors, BatchSettings.OwnLevels, deadline);
        }

        call.RunEnded = time.GetTimestamp();
    }

    /// <summary>
    /// Lets live requests go first while there are more of them than processors; not for ever, so that a server under steady
    /// load still gets some pairs. Linux has no thread priorities for ordinary processes, hence the look every millisecond.
    /// </summary>
    private async Task YieldAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (gates.UnderWay > Environment.ProcessorCount && time.GetElapsedTime(began).TotalMilliseconds < options.Value.YieldMs)
        {
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private long Nanoseconds(long from, long to) => time.GetElapsedTime(from, to).Ticks * TimeSpan.NanosecondsPerTick;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Endpoint {Endpoint}: shadow {Variant} ({Model} version {Version}) failed: {Reason}; the same failure is not told again")]
    private partial void LogFailed(string endpoint, string variant, string model, int version, string reason);
}
