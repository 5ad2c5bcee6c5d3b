namespace MlSystem.Inference.Batching;

/// <content>What the next run takes of those that wait.</content>
public sealed partial class VersionEngine
{
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
        for (var (request, next) = (queue.First, default(QueuedRun)); request is not null; request = next)
        {
            next = queue.After(request);
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

    private bool IsSlow()
    {
        var rows = 1;
        foreach (var queue in _queues)
        {
            rows = Math.Max(rows, Math.Min(queue.WaitingRows, queue.MaxRows));
        }

        return !Runtime.CanStop || Latency.Seconds(rows) > _host.SlowSeconds;
    }
}
