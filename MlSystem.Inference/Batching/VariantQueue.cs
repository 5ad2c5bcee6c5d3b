using MlSystem.Inference.Admission;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Batching;

/// <summary>
/// The requests of one endpoint for one version. A request that finds an instance idle and nobody waiting runs where it is;
/// the others wait here until a run takes them.
/// </summary>
public sealed class VariantQueue
{
    private readonly LinkedList<QueuedRun>[] _levels;
    private int _waitingRows;

    internal VariantQueue(VersionEngine engine, BatchSettings settings, EndpointGate gate, RunStatistics statistics, long revision)
    {
        (Engine, Settings, Gate, Statistics, Revision) = (engine, settings, gate, statistics, revision);

        // The first holds those that run in parts and have begun: they have their endpoint's place and must not wait for one that
        // wants it. The last holds those that waited too long and were put behind.
        _levels = [.. Enumerable.Range(0, settings.Levels + 2).Select(_ => new LinkedList<QueuedRun>())];
        if (settings.Objective is { } objective)
        {
            Objective = new ObjectiveControl(objective);
            Pace = settings.Merges && engine.CountsRows ? new ArrivalPace(this, engine.Time.GetTimestamp()) : null;
        }
    }

    internal VersionEngine Engine { get; }

    internal BatchSettings Settings { get; }

    internal EndpointGate Gate { get; }

    internal RunStatistics Statistics { get; }

    internal long Revision { get; }

    internal ObjectiveControl? Objective { get; }

    /// <summary>Of adaptive queues whose requests share runs.</summary>
    internal ArrivalPace? Pace { get; }

    /// <summary>All that are not done, in order of arrival.</summary>
    internal LinkedList<QueuedRun> Arrivals { get; } = new();

    /// <summary>Rows that wait.</summary>
    internal int WaitingRows => _waitingRows;

    /// <summary>Requests that wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Runs the rows of a set, alone or with others'.</summary>
    /// <param name="rows">Rows in the set; 1 where the model does not count rows.</param>
    /// <param name="priority">1 is highest, 0 the default.</param>
    public ValueTask<RunOutcome> RunAsync(TensorSet tensors, int rows, long priority, in Deadline deadline)
    {
        var now = Engine.Time.GetTimestamp();
        if (deadline.Over(now) is { } over)
        {
            return Refused(over, now);
        }

        if (!Engine.Runtime.Computes)
        {
            return Engine.RunElsewhereAsync(this, tensors, rows, Settings.OwnLevel(priority), deadline, now);
        }

        Pace?.Arrived(rows, now);
        if (Settings.RunsAtOnce && Delay.Rows == 1 && Engine.MayRunAtOnce(rows) && rows <= Settings.MaxPart && Gate.TryRun())
        {
            if (Engine.TryTakeSlot() is { } slot)
            {
                return Engine.RunHere(this, slot, tensors, rows, deadline, now);
            }

            Gate.EndRun();
        }

        return Enqueue(tensors, rows, priority, deadline, now);
    }

    /// <summary>The request that comes next.</summary>
    internal QueuedRun? First
    {
        get
        {
            foreach (var level in _levels)
            {
                if (level.First is { } first)
                {
                    return first.Value;
                }
            }

            return null;
        }
    }

    /// <summary>The request that comes after one that waits; it may be taken out afterwards.</summary>
    internal QueuedRun? After(QueuedRun request)
    {
        if (request.Waiting.Next is { } next)
        {
            return next.Value;
        }

        var level = Array.IndexOf(_levels, request.Waiting.List) + 1;
        while (level < _levels.Length && _levels[level].Count == 0)
        {
            level++;
        }

        return level < _levels.Length ? _levels[level].First!.Value : null;
    }

    /// <summary>All that wait, in the order in which they come.</summary>
    internal IEnumerable<QueuedRun> InOrder => _levels.SelectMany(level => level);

    /// <summary>Most rows of the next run.</summary>
    internal int MaxRows => !Settings.Merges ? Settings.MaxPart
        : Objective is null ? Settings.MaxRows : Engine.Latency.Rows(Objective.RunSeconds, Settings.MaxRows);

    /// <summary>Rows that a run may take now; 0 while more are waited for.</summary>
    internal int Target(long now) => Count == 0 ? 0
        : !Settings.Merges ? Math.Max(_waitingRows, 1)
        : Pace is null ? Settings.Target(_waitingRows, Settings.MaxDelay == TimeSpan.Zero || now >= ReadyAt, MaxRows)
        : _waitingRows >= Math.Min(Delay.Rows, MaxRows) || First!.Taken > 0 || now >= ReadyAt ? Math.Min(_waitingRows, MaxRows) : 0;

    private QueueDelay Delay => Pace?.Delay ?? QueueDelay.None;

    /// <summary>When the oldest has waited for others long enough, or an adaptive queue must begin so that a deadline is met.</summary>
    internal long ReadyAt
    {
        get
        {
            var (oldest, ends) = (long.MaxValue, long.MaxValue);
            foreach (var request in InOrder)
            {
                oldest = Math.Min(oldest, request.Arrived);
                ends = Math.Min(ends, request.Ends);
            }

            if (oldest == long.MaxValue)
            {
                return oldest;
            }

            var waited = oldest + Engine.Ticks(Pace is null ? Settings.MaxDelay : TimeSpan.FromSeconds(Delay.Seconds));
            return Pace is null || ends == long.MaxValue ? waited : Math.Min(waited, ends - Engine.Ticks(TimeSpan.FromSeconds(2 * Engine.Latency.Seconds(_waitingRows))));
        }
    }

    /// <summary>Seconds until a request of so many rows would be done if it came now.</summary>
    internal double PredictSeconds(int rows)
    {
        var latency = Engine.Latency;
        var max = Math.Max(MaxRows, 1);
        var runs = Settings.Merges ? (_waitingRows + max - 1) / max : Count;
        var ahead = runs == 0 ? 0 : Settings.Merges
            ? ((runs - 1) * latency.Seconds(max)) + latency.Seconds(_waitingRows - ((runs - 1) * max))
            : Count * latency.Seconds(Math.Max(_waitingRows / Count, 1));
        return (ahead / Engine.Capacity) + latency.Seconds(rows);
    }

    internal void Add(QueuedRun request)
    {
        _levels[request.Level].AddLast(request.Waiting);
        Arrivals.AddLast(request.Arrival);
        Count++;
        _waitingRows += request.Rows;
    }

    /// <summary>Takes rows of a request that waits into a run.</summary>
    internal RunPart Take(QueuedRun request, int rows)
    {
        var part = new RunPart(request, request.Taken, rows);
        request.Taken += rows;
        _waitingRows -= rows;
        if (request.Taken == request.Rows)
        {
            Unlink(request);
        }
        else if (part.From == 0)
        {
            request.Waiting.List!.Remove(request.Waiting);
            _levels[0].AddLast(request.Waiting);
        }

        return part;
    }

    /// <summary>Takes a request out that does not wait any more.</summary>
    internal void Remove(QueuedRun request)
    {
        if (request.Waiting.List is not null)
        {
            _waitingRows -= request.Rows - request.Taken;
            Unlink(request);
        }
    }

    /// <summary>Makes a request that was taken whole the next of its level again.</summary>
    internal void PutBack(QueuedRun request)
    {
        request.Taken = 0;
        Gate.WaitAgain();
        _levels[request.Level].AddFirst(request.Waiting);
        Count++;
        _waitingRows += request.Rows;
    }

    /// <summary>Puts a request behind all that have not waited too long.</summary>
    internal void PutBehind(QueuedRun request)
    {
        request.LateAt = long.MaxValue;
        request.Waiting.List!.Remove(request.Waiting);
        _levels[^1].AddLast(request.Waiting);
    }

    private void Unlink(QueuedRun request)
    {
        request.Waiting.List!.Remove(request.Waiting);
        Count--;
        Engine.LeftQueue();
    }

    private ValueTask<RunOutcome> Enqueue(TensorSet tensors, int rows, long priority, in Deadline deadline, long now)
    {
        if (!Gate.TryWait())
        {
            Pace?.Left(rows);
            return Refused(Gate.Busy, now);
        }

        var request = new QueuedRun(this, tensors, rows, Settings.Level(priority), deadline, now)
        {
            Mergeable = Engine.CountsRows && RowCopy.HaveRows(tensors, rows),
            Alone = Engine.IsTrial(tensors),
            LateAt = Settings.QueueTimeout == Timeout.InfiniteTimeSpan ? long.MaxValue : now + Engine.Ticks(Settings.QueueTimeout),
        };
        request.WatchCaller();
        if (Engine.Enqueue(request, now) is { } fault)
        {
            request.Forget();
            Gate.EndWait();
            Pace?.Left(rows);
            return Refused(fault, now);
        }

        return request.Task;
    }

    private static ValueTask<RunOutcome> Refused(Fault fault, long now) => new(new RunOutcome(fault, now, now));
}
