using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Batching;

/// <content>How requests end: answered, refused, gone, too late, given up.</content>
public sealed partial class VersionEngine
{
    /// <summary>Gives up runs that take longer than the limit: their requests are told, the instance is replaced, the version counts a crash.</summary>
    internal void GiveUpHangs(TimeSpan limit)
    {
        var now = Time.GetTimestamp();
        for (var i = 0; i < _slots.Length; i++)
        {
            var slot = _slots[i];
            var fault = RunFaults.Hung(limit);
            lock (Sync)
            {
                if (slot.Started is var started && (started == 0 || Seconds(now - started) < limit.TotalSeconds) || !slot.TryGiveUp(fault))
                {
                    continue;
                }

                NoteEnd(fault, slot.Running);
                _slots[i] = new InstanceSlot(this, i);
                slot.Parts?.ForEach(part => Leave(part.Request, fault, now));
                slot.Rest.ForEach(part => PutBack(part, fault, now));
            }

            Dispatch();
        }
    }

    /// <summary>Lets a request wait again whose turn never came in a run that was given up. One that runs in parts has lost its place.</summary>
    private void PutBack(RunPart part, Fault fault, long now)
    {
        var request = part.Request;
        if (request.IsDone || request.Held is not null)
        {
            return;
        }

        if (!part.IsWhole)
        {
            Leave(request, fault, now);
            return;
        }

        request.Queue.PutBack(request);
        Interlocked.Increment(ref _waiting);
    }

    /// <summary>Ends a request whose rows were run.</summary>
    /// <param name="callers">Where the request waits for its caller to go on; null lets the caller go on elsewhere at once.</param>
    private void Finish(QueuedRun request, Fault? fault, Callers? callers = null)
    {
        lock (Sync)
        {
            if (request.IsDone || request.Held is not null)
            {
                return;
            }

            var outcome = new RunOutcome(fault, request.Started, Time.GetTimestamp());
            request.Queue.Objective?.Answered(Seconds(outcome.Ended - request.Arrived));
            request.Queue.Remove(request);
            if (request.Queue.Settings.PreserveOrdering && request.Arrival.Previous is not null)
            {
                // Its place goes to the one that it waits for.
                request.Held = outcome;
                request.Queue.Gate.EndRun();
                return;
            }

            End(request, outcome, callers);
        }
    }

    /// <summary>Ends a request that is not wanted any more, wherever it is; under the lock.</summary>
    private void Leave(QueuedRun request, Fault fault, long now)
    {
        if (request.IsDone)
        {
            return;
        }

        var waits = request.Taken == 0;
        request.Queue.Remove(request);
        if (request.Pins > 0)
        {
            request.Leaving ??= fault;
            return;
        }

        if (request.InPlace)
        {
            // The model still works on them: the run frees them at its end.
            request.Tensors.IsLost = true;
        }

        if (waits)
        {
            request.Queue.Gate.EndWait();
        }

        End(request, new RunOutcome(fault, request.Taken == 0 ? now : request.Started, now));
    }

    private void End(QueuedRun request, in RunOutcome outcome, Callers? callers = null)
    {
        var next = request.Arrival.Next;
        var first = request.Arrival.Previous is null;
        request.Queue.Arrivals.Remove(request.Arrival);
        if (request.Taken > 0 && request.Held is null)
        {
            request.Queue.Gate.EndRun();
        }

        request.Queue.Pace?.Left(request.Rows);
        if (callers is not null && MayGoOnHere(request.Queue))
        {
            request.Settle(outcome);
            callers.Add(request);
        }
        else
        {
            request.Complete(outcome);
        }

        if (first && next?.Value is { Held: { } held } follower)
        {
            End(follower, held);
        }
    }

    internal Callers NewCallers() => new(_host.Scheduler);

    /// <summary>
    /// Whether the callers of a queue may go on where their run ended: endpoints' requests only have their answers to write. Graphs and
    /// explanations may compute for long, and the threads of slow models have their work; order is kept by ending one after the other.
    /// </summary>
    private bool MayGoOnHere(VariantQueue queue) => queue != _own && !queue.Settings.PreserveOrdering && ComputeThreads.Current is null;

    /// <summary>Ends what is too late and wakes what has waited for others long enough.</summary>
    private void Sweep()
    {
        lock (Sync)
        {
            var now = Time.GetTimestamp();
            _timerAt = long.MaxValue;
            Sweep(_own, now);
            foreach (var queue in _queues)
            {
                Sweep(queue, now);
            }
        }

        Dispatch();
    }

    private void Sweep(VariantQueue queue, long now)
    {
        var next = long.MaxValue;
        foreach (var request in queue.Arrivals.ToList())
        {
            if (now >= request.Ends)
            {
                Leave(request, request.Deadline.TimedOut(), now);
            }
            else if (now >= request.LateAt && request.Waiting.List is not null && request.Taken == 0)
            {
                Late(queue, request, now);
            }

            if (!request.IsDone && request.Leaving is null)
            {
                next = Math.Min(next, Math.Min(request.Ends, request.Waiting.List is null || request.Taken > 0 ? long.MaxValue : request.LateAt));
            }
        }

        Arm(next, now);
    }

    private void Late(VariantQueue queue, QueuedRun request, long now)
    {
        if (queue.Settings.DelaysLate)
        {
            queue.PutBehind(request);
            return;
        }

        Leave(request, new Fault(FaultKind.DeadlineExceeded, $"it waited longer than the {queue.Settings.QueueTimeout.TotalMicroseconds:0} µs that the endpoint's queue allows"), now);
    }

    /// <summary>Has <see cref="Sweep()"/> come at a moment if it would come later. Timers count whole milliseconds: it comes up to one later.</summary>
    private void Arm(long at, long now)
    {
        if (at >= _timerAt)
        {
            return;
        }

        _timerAt = at;
        var milliseconds = Math.Ceiling(Seconds(Math.Max(at - now, 0)) * 1000);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 1, int.MaxValue)), Timeout.InfiniteTimeSpan);
    }
}
