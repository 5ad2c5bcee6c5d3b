using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Batching;

/// <content>Waiting: who comes, who leaves, and what the next run takes.</content>
public sealed partial class VersionEngine
{
    // A prediction that nothing has confirmed for so long refuses nobody: what refused everyone would never be corrected.
    private static readonly TimeSpan TrustPredictions = TimeSpan.FromSeconds(1);

    /// <summary>Lets a request wait; or says that it could not make its deadline or its endpoint's objective.</summary>
    internal Fault? Enqueue(QueuedRun request, long now)
    {
        var queue = request.Queue;
        lock (Sync)
        {
            if (Foresee(request, now) is { } fault)
            {
                return fault;
            }

            // A request on its way may come to a queue that a revision has replaced.
            if (queue != _own && !_queues.Contains(queue))
            {
                _queues.Add(queue);
            }

            queue.Add(request);
            Interlocked.Increment(ref _waiting);
            Arm(Math.Min(request.Ends, request.LateAt), now);
        }

        return null;
    }

    internal void LeftQueue() => Interlocked.Decrement(ref _waiting);

    internal void CallerLeft(QueuedRun request)
    {
        lock (Sync)
        {
            Leave(request, Deadline.CallerLeft, Time.GetTimestamp());
        }
    }

    /// <summary>Gives ready requests to idle instances.</summary>
    internal void Dispatch()
    {
        while (true)
        {
            InstanceSlot slot;
            bool slow;
            lock (Sync)
            {
                var now = Time.GetTimestamp();
                if (RunsWanted(now) <= _coming || TryTakeSlot() is not { } idle)
                {
                    return;
                }

                slot = idle;
                _coming++;
                slow = IsSlow();
            }

            _host.Scheduler.Queue(slot, slow);
        }
    }

    /// <summary>Looks for work from a thread that holds no lock.</summary>
    internal void WakeSoon() => _host.Scheduler.Queue(new Wake(this), slow: false);

    /// <summary>The next run: rows of the first request of the queue whose turn it is, and of those that fit to it. Null when nothing is ready.</summary>
    private List<RunPart>? TakeParts(long now)
    {
        for (var i = 0; i < _queues.Count + 1; i++)
        {
            _turn = (_turn + 1) % (_queues.Count + 1);
            var queue = _turn == _queues.Count ? _own : _queues[_turn];
            if (queue.Target(now) > 0 && TakeParts(queue, now) is { } parts)
            {
                return parts;
            }
        }

        return null;
    }

    private List<RunPart>? TakeParts(VariantQueue queue, long now)
    {
        var room = queue.Target(now);
        if (NextInTime(queue, now) is not { } first || !TryStart(first, now))
        {
            return null;
        }

        var left = first.Rows - first.Taken;
        List<RunPart> parts = [queue.Take(first, first.Mergeable ? Math.Min(left, queue.Settings.MaxPart) : left)];
        room -= parts[0].Rows;
        if (room > 0 && first is { Mergeable: true, Alone: false } && queue.Settings.Merges)
        {
            Join(queue, first, room, parts, now);
        }

        return parts;
    }

    private QueuedRun? NextInTime(VariantQueue queue, long now)
    {
        while (queue.First is { } first)
        {
            if (first.Deadline.Over(now) is not { } over)
            {
                return first;
            }

            Leave(first, over, now);
        }

        return null;
    }

    private void Join(VariantQueue queue, QueuedRun first, int room, List<RunPart> parts, long now)
    {
        foreach (var request in queue.InOrder.ToList())
        {
            var rows = request.Rows - request.Taken;
            var fits = rows <= room || request.Rows > queue.Settings.MaxPart;
            if (request == first || !request.Mergeable || request.Alone || !fits || !RowCopy.SameRows(first.Tensors, request.Tensors))
            {
                continue;
            }

            if (request.Deadline.Over(now) is { } over)
            {
                Leave(request, over, now);
                continue;
            }

            if (!TryStart(request, now))
            {
                return;
            }

            parts.Add(queue.Take(request, Math.Min(rows, room)));
            room -= parts[^1].Rows;
            if (room == 0)
            {
                return;
            }
        }
    }

    /// <summary>A place among the endpoint's running requests, for the first of a request's parts.</summary>
    private static bool TryStart(QueuedRun request, long now)
    {
        var gate = request.Queue.Gate;
        if (request.Taken > 0)
        {
            return true;
        }

        if (!gate.TryRun())
        {
            gate.WakeLater(request.Queue.Engine);
            if (!gate.TryRun())
            {
                return false;
            }
        }

        gate.EndWait();
        request.Started = now;
        return true;
    }

    /// <summary>Whether the endpoint may run another request; else the engine is woken when it may.</summary>
    private bool HasPlace(VariantQueue queue)
    {
        if (queue.First!.Taken > 0 || queue.Gate.HasPlace)
        {
            return true;
        }

        queue.Gate.WakeLater(this);
        return queue.Gate.HasPlace;
    }

    private int RunsWanted(long now)
    {
        if (Volatile.Read(ref _waiting) == 0)
        {
            return 0;
        }

        var wanted = RunsWanted(_own, now);
        foreach (var queue in _queues)
        {
            wanted += RunsWanted(queue, now);
        }

        return wanted;
    }

    private int RunsWanted(VariantQueue queue, long now)
    {
        var target = queue.Target(now);
        if (target > 0 && !HasPlace(queue))
        {
            return 0;
        }

        if (target > 0)
        {
            return queue.Settings.Merges && CountsRows ? (queue.WaitingRows + target - 1) / target : queue.Count;
        }

        if (queue.Count > 0)
        {
            Arm(queue.ReadyAt, now);
        }

        return 0;
    }

    /// <summary>Why a request had better not wait: it is refused now rather than when it is too late.</summary>
    private Fault? Foresee(QueuedRun request, long now)
    {
        var queue = request.Queue;
        if (!Latency.IsKnown || now - Latency.LastSeen > Ticks(TrustPredictions))
        {
            return null;
        }

        var needed = queue.PredictSeconds(request.Rows);
        if (request.Ends != long.MaxValue && needed > Seconds(request.Ends - now))
        {
            return new Fault(FaultKind.DeadlineExceeded, $"it would take about {needed * 1000:0.###} ms, more than the {Seconds(request.Ends - now) * 1000:0.###} ms that are left");
        }

        return queue.Objective is { } objective && queue.Count > 0 && needed > objective.Seconds
            ? new Fault(FaultKind.EndpointBusy, $"it would take about {needed * 1000:0.###} ms, more than the endpoint's objective of {objective.Seconds * 1000:0.###} ms: try again later")
            : null;
    }

    private bool IsSlow()
    {
        var rows = 1;
        foreach (var queue in _queues)
        {
            rows = Math.Max(rows, Math.Min(queue.WaitingRows, queue.MaxRows));
        }

        return !Runtime.CanStop || Latency.Seconds(rows) > _host.SlowSeconds;
    }

    /// <summary>Wakes an engine whose endpoint has a free place again.</summary>
    private sealed class Wake(VersionEngine engine) : IThreadPoolWorkItem
    {
        public void Execute() => engine.Dispatch();
    }
}
