using System.Threading.Channels;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Shadowing;

/// <summary>
/// Gives shadow variants their copies behind the answer. A live request pays for one enqueue: it goes on to the prediction
/// log from here. One loop copies inputs and lets the live call go at once; others, as many as may run at once, run the copies.
/// </summary>
public sealed class ShadowMirror : BackgroundService
{
    /// <summary>Fractional part of the golden ratio: its multiples spread one random number evenly over several shadows.</summary>
    private const double Golden = 0.618_033_988_749_894_9;

    private readonly Channel<Answered> _answered;
    private readonly Channel<ShadowCopy> _copies;
    private readonly ShadowRunner _runner;
    private readonly PredictionLogger _log;
    private readonly ShadowMetrics _metrics;
    private readonly RandomSource _random;
    private readonly int _concurrency;

    public ShadowMirror(ShadowRunner runner, PredictionLogger log, ShadowMetrics metrics, RandomSource random, IOptions<ShadowOptions> options)
    {
        (_runner, _log, _metrics, _random, _concurrency) = (runner, log, metrics, random, options.Value.MaxConcurrency);
        _answered = Channel.CreateBounded<Answered>(new BoundedChannelOptions(options.Value.MaxQueue) { SingleReader = true });
        _copies = Channel.CreateBounded<ShadowCopy>(new BoundedChannelOptions(options.Value.MaxQueue) { SingleWriter = true });
    }

    /// <summary>Takes an answered call over and logs it later; false when it is not mirrored and still the caller's.</summary>
    public bool TryTake(InferenceCall call)
    {
        var uniform = _random.NextDouble();
        var shadows = call.Route.Shadows;
        var mirrored = false;
        for (var i = 0; i < shadows.Count; i++)
        {
            mirrored |= IsChosen(shadows, i, uniform);
        }

        if (!mirrored)
        {
            return false;
        }

        if (_answered.Writer.TryWrite(new Answered(call, uniform)))
        {
            return true;
        }

        for (var i = 0; i < shadows.Count; i++)
        {
            if (IsChosen(shadows, i, uniform))
            {
                _metrics.For(shadows[i]).Drop(ShadowDrop.Full);
            }
        }

        return false;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var stop = stoppingToken.Register(() => _answered.Writer.TryComplete());
        await Task.WhenAll([CopyAsync(), .. Enumerable.Range(0, _concurrency).Select(_ => RunAsync(stoppingToken))]);
    }

    private static bool IsChosen(IReadOnlyList<RoutedVariant> shadows, int index, double uniform) => (uniform + (index * Golden)) % 1 < shadows[index].Weight;

    /// <summary>Ends when stopping has closed the queue and it is empty.</summary>
    private async Task CopyAsync()
    {
        try
        {
            while (await _answered.Reader.WaitToReadAsync(CancellationToken.None))
            {
                while (_answered.Reader.TryRead(out var answered))
                {
                    Copy(answered);
                }
            }
        }
        finally
        {
            _copies.Writer.Complete();
        }
    }

    private void Copy(Answered answered)
    {
        try
        {
            var shadows = answered.Call.Route.Shadows;
            for (var i = 0; i < shadows.Count; i++)
            {
                if (IsChosen(shadows, i, answered.Uniform))
                {
                    Copy(answered.Call, shadows[i]);
                }
            }
        }
        finally
        {
            _log.Log(answered.Call);
        }
    }

    private void Copy(InferenceCall call, RoutedVariant shadow)
    {
        shadow.Statistics.Begin();
        try
        {
            var copy = ShadowCopy.Of(call, shadow);
            if (copy is not null && _copies.Writer.TryWrite(copy))
            {
                return;
            }

            copy?.Release();
            _metrics.For(shadow).Drop(copy is null ? ShadowDrop.Gone : ShadowDrop.Full);
            shadow.Statistics.Abandon();
        }
        catch (Exception error)
        {
            // A shadow that can't take these inputs must not keep the live call from the log.
            _runner.Fail(shadow, error, TimeSpan.Zero);
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        await foreach (var copy in _copies.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (stoppingToken.IsCancellationRequested)
            {
                copy.Release();
                copy.Shadow.Statistics.Abandon();
                _metrics.For(copy.Shadow).Drop(ShadowDrop.Gone);
            }
            else
            {
                await _runner.RunAsync(copy, stoppingToken);
            }
        }
    }

    private readonly record struct Answered(InferenceCall Call, double Uniform);
}
