using MlSystem.Inference.Admission;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.Inference.Batching;

/// <summary>
/// Runs one loaded version: a number of instances, and a queue for each endpoint that uses it. A request runs where it is when an
/// instance is idle and nobody waits. Whoever ends a run hands the instance to one that takes all that waits by then.
/// </summary>
public sealed partial class VersionEngine : IDisposable
{
    // Of the runs that a request does itself, one in so many is timed into the latency model.
    private const int ObserveEvery = 32;
    private readonly EngineHost _host;
    private readonly LoadedVersion _version;
    private readonly InstanceSlot[] _slots;
    private readonly ITimer _timer;
    private readonly List<VariantQueue> _queues = [];
    private readonly VariantQueue _own;
    private readonly double _secondsPerTick;
    private readonly Company _company = new();
    private readonly QuickRuns _quick;
    private long _timerAt = long.MaxValue;
    private int _waiting;
    private int _coming;
    private int _turn;
    private int _capacity;

    internal VersionEngine(LoadedVersion version, ModelProfile profile, EngineHost host)
    {
        (_version, _host, Time, Profile) = (version, host, host.Time, profile);
        _secondsPerTick = 1.0 / Time.TimestampFrequency;
        CountsRows = profile.RowsIndependent;
        _quick = new QuickRuns(Runtime.HasBoundedWork && CountsRows, Latency, host.QuickSeconds);
        _slots = [.. Enumerable.Range(0, version.Execution.Instances ?? Environment.ProcessorCount).Select(i => new InstanceSlot(this, i))];
        _timer = Time.CreateTimer(static state => ((VersionEngine)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _own = new VariantQueue(this, host.OwnSettings, EndpointGate.Unbounded, new RunStatistics(), 0);
        foreach (var (rows, seconds) in profile.Observed)
        {
            Latency.Observe(rows, seconds, Time.GetTimestamp());
        }

        SetCapacity(merges: true);
        host.Add(this);
    }

    internal Lock Sync { get; } = new();

    internal TimeProvider Time { get; }

    internal ModelProfile Profile { get; }

    internal IModelRuntime Runtime => _version.Runtime;

    internal LoadedVersion Version => _version;

    internal LatencyModel Latency { get; } = new();

    /// <summary>Whether requests may share a run: rows are counted and don't influence each other.</summary>
    internal bool CountsRows { get; }

    /// <summary>Runs at once.</summary>
    internal int Capacity => Volatile.Read(ref _capacity);

    /// <summary>The queue of rows that come from no endpoint of this version: of graphs and explanations.</summary>
    public VariantQueue Own => _own;

    /// <summary>The queue of an endpoint; a new one when the endpoint was revised.</summary>
    internal VariantQueue QueueFor(BatchSettings settings, EndpointGate gate, RunStatistics statistics, long revision)
    {
        lock (Sync)
        {
            if (_queues.FindLast(queue => queue.Statistics == statistics && queue.Revision >= revision && queue.Gate == gate) is { } found)
            {
                return found;
            }

            var made = new VariantQueue(this, settings, gate, statistics, revision);
            _queues.RemoveAll(queue => queue.Statistics == statistics && queue.Arrivals.Count == 0);
            _queues.Add(made);
            SetCapacity(_queues.Exists(queue => queue.Settings.Merges));
            return made;
        }
    }

    public void Dispose()
    {
        _host.Remove(this);
        _timer.Dispose();
    }

    internal long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Time.TimestampFrequency);

    internal double Seconds(long ticks) => ticks * _secondsPerTick;

    /// <summary>
    /// Whether a request would run where it is if an instance is idle: nobody waits, none is expected to come along, the run is
    /// short (on a thread that sockets wait for: surely very short), and a run that hangs can be ended.
    /// </summary>
    internal bool MayRunAtOnce(int rows) => Volatile.Read(ref _waiting) == 0 && Runtime.CanStop && Latency.Seconds(rows) <= _host.SlowSeconds && (!SocketThreads.IsCurrent || _quick.Allow(rows)) && !_company.IsExpected();

    internal InstanceSlot? TryTakeSlot()
    {
        var capacity = Capacity;
        var start = Environment.CurrentManagedThreadId;
        for (var i = 0; i < capacity; i++)
        {
            var slot = _slots[(start + i) % capacity];
            if (slot.TryTake())
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>An instance for each processor; for half of them where requests had better meet in one run.</summary>
    private void SetCapacity(bool merges)
    {
        _company.IsWorthwhile = merges && CountsRows && Profile.SavedSeconds * 1e6 > _host.Options.WorthwhileSavingMicroseconds;
        var processors = _company.IsWorthwhile ? Math.Max(Environment.ProcessorCount / 2, 1) : Environment.ProcessorCount;
        Volatile.Write(ref _capacity, _version.Execution.Instances ?? processors);
    }
}
