using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Batching;

/// <content>Waiting: who comes, who leaves, and when a run is due.</content>
public sealed partial class VersionEngine
{
    // A prediction that nothing has confirmed for so long refuses nobody: what refused everyone would never be corrected.
    private static readonly TimeSpan TrustPredictions = TimeSpan.FromSeconds(1);

    /// <summary>Lets a request wait, and begins a run where one is due; or says that it could not make its deadline or its endpoint's objective.</summary>
    internal Fault? Enqueue(QueuedRun request, long now)
    {
        InstanceSlot? slot;
        bool slow;
        lock (Sync)
        {
            if (Admit(request, now) is { } fault)
            {
                return fault;
            }

            slot = SlotForRun(now, out slow);
        }

        if (slot is not null)
        {
            _host.Scheduler.Queue(slot, slow);
            Dispatch();
        }

        return null;
    }

    internal void LeftQueue() => Interlocked.Decrement(ref _waiting);

    internal void CallerLeft(QueuedRun request)
    {
        lock (Sync)
        {
            if (request.IsQueued)
            {
                Leave(request, Deadline.CallerLeft, Time.GetTimestamp());
            }
        }
    }

    /// <summary>Gives ready requests to idle instances.</summary>
    internal void Dispatch()
    {
        while (true)
        {
            InstanceSlot? slot;
            bool slow;
            lock (Sync)
            {
                slot = SlotForRun(Time.GetTimestamp(), out slow);
            }

            if (slot is null)
            {
                return;
            }

            _host.Scheduler.Queue(slot, slow);
        }
    }

    private Fault? Admit(QueuedRun request, long now)
    {
        // It had not been in the queue yet when it was told to leave.
        if (request.Deadline.Caller.IsCancellationRequested)
        {
            return Deadline.CallerLeft;
        }

        if (Foresee(request, now) is { } fault)
        {
            return fault;
        }

        // A request on its way may come to a queue that a revision has replaced.
        var queue = request.Queue;
        if (queue != _own && !_queues.Contains(queue))
        {
            _queues.Add(queue);
        }

        request.IsQueued = true;
        queue.Add(request);
        Interlocked.Increment(ref _waiting);
        Arm(Math.Min(request.Ends, request.LateAt), now);
        return null;
    }

    /// <summary>An idle instance for requests that are ready and that no instance is on its way for; under the lock.</summary>
    private InstanceSlot? SlotForRun(long now, out bool slow)
    {
        slow = false;
        if (RunsWanted(now) <= _coming || TryTakeSlot() is not { } slot)
        {
            return null;
        }

        _coming++;
        slow = IsSlow();
        return slot;
    }

    /// <summary>Looks for work from a thread that holds no lock.</summary>
    internal void WakeSoon() => _host.Scheduler.Queue(new Wake(this), slow: false);

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

    /// <summary>Wakes an engine whose endpoint has a free place again.</summary>
    private sealed class Wake(VersionEngine engine) : IThreadPoolWorkItem
    {
        public void Execute() => engine.Dispatch();
    }
}
