using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Batching;

/// <summary>What the engines of all versions share: threads, settings, the watchdog, and who hears of crashes.</summary>
public sealed class EngineHost : IDisposable
{
    private readonly ConcurrentDictionary<VersionEngine, bool> _engines = new();
    private readonly Channel<RunCrash> _crashes = Channel.CreateBounded<RunCrash>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private readonly TimeSpan _watchdog;
    private readonly ITimer _timer;

    public EngineHost(IRunScheduler scheduler, IOptions<BatchingOptions> options, IOptions<RuntimeOptions> runtime, TimeProvider time)
    {
        (Scheduler, Options, Time) = (scheduler, options.Value, time);
        SlowSeconds = runtime.Value.SlowModelMicroseconds / 1e6;
        QuickSeconds = runtime.Value.InlineModelMicroseconds / 1e6;
        OwnSettings = BatchSettings.Of(new EndpointBatching { PriorityLevels = BatchSettings.OwnLevels }, new EndpointLimits(), Options);
        _watchdog = TimeSpan.FromSeconds(runtime.Value.WatchdogSeconds);

        // Looked at ten times a limit, so that a hang is given up at most a tenth later.
        _timer = time.CreateTimer(static state => ((EngineHost)state!).Watch(), this, _watchdog / 10, _watchdog / 10);
    }

    /// <summary>Failed runs, for one reader. Of more than 1,024 that nobody has read the oldest are forgotten: the later ones count them.</summary>
    public ChannelReader<RunCrash> Crashes => _crashes.Reader;

    internal IRunScheduler Scheduler { get; }

    internal BatchingOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <summary>Seconds above which a run keeps connections waiting.</summary>
    internal double SlowSeconds { get; }

    /// <summary>Seconds up to which a run may be on a socket's thread.</summary>
    internal double QuickSeconds { get; }

    internal BatchSettings OwnSettings { get; }

    public void Dispose() => _timer.Dispose();

    internal void Add(VersionEngine engine) => _engines[engine] = true;

    internal void Remove(VersionEngine engine) => _engines.TryRemove(engine, out _);

    internal void Crashed(LoadedVersion version, int inARow, string reason) => _crashes.Writer.TryWrite(new RunCrash(version, inARow, reason));

    private void Watch()
    {
        foreach (var engine in _engines.Keys)
        {
            engine.GiveUpHangs(_watchdog);
        }
    }
}

/// <summary>Runs that threw, hung or gave a wrong shape, of a version that fails on the row of its warm-up too.</summary>
/// <param name="InARow">Runs of the version that have failed since the last that did not.</param>
/// <param name="Reason">Why one of them failed.</param>
public sealed record RunCrash(LoadedVersion Version, int InARow, string Reason);
