using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Batching;

/// <content>Copying rows between requests and the tensors of a run.</content>
public sealed partial class VersionEngine
{
    /// <summary>Copies the inputs of all that are still wanted; those that left meanwhile are not in the run.</summary>
    /// <returns>False when none is left.</returns>
    private bool Gather(List<RunPart> parts, TensorSet batch)
    {
        while (true)
        {
            lock (Sync)
            {
                var now = Time.GetTimestamp();
                parts.RemoveAll(part => !MayBegin(part.Request, now));
                Pin(parts);
            }

            if (parts.Count == 0)
            {
                return false;
            }

            RowCopy.Gather(parts, parts.Sum(part => part.Rows), batch);
            lock (Sync)
            {
                Unpin(parts);
                if (parts.TrueForAll(part => !part.Request.IsDone))
                {
                    return true;
                }
            }
        }
    }

    /// <summary>Hands outputs to all that still want them, and ends those that have all of theirs.</summary>
    private void Scatter(List<RunPart> parts, TensorSet batch, Callers callers)
    {
        Span<bool> wanted = parts.Count <= 256 ? stackalloc bool[parts.Count] : new bool[parts.Count];
        lock (Sync)
        {
            for (var i = 0; i < parts.Count; i++)
            {
                var request = parts[i].Request;
                wanted[i] = !request.IsDone && request.Held is null;
                request.Pins += wanted[i] ? 1 : 0;
            }
        }

        List<(QueuedRun, Fault)>? broken = null;
        for (var (i, at) = (0, 0); i < parts.Count; at += parts[i].Rows, i++)
        {
            if (wanted[i] && Scatter(parts[i], at, batch) is { } fault)
            {
                (broken ??= []).Add((parts[i].Request, fault));
            }
        }

        lock (Sync)
        {
            for (var i = 0; i < parts.Count; i++)
            {
                if (wanted[i])
                {
                    Delivered(parts[i].Request, broken?.Find(one => one.Item1 == parts[i].Request).Item2, callers);
                }
            }
        }
    }

    private static Fault? Scatter(RunPart part, int at, TensorSet batch)
    {
        if (part.IsWhole)
        {
            var fault = RowCopy.Scatter(batch, at, part);
            part.Request.Delivered = part.Rows;
            return fault;
        }

        lock (part.Request)
        {
            // Two parts of one request may end at once; the first shapes the outputs.
            var fault = RowCopy.Scatter(batch, at, part);
            part.Request.Delivered += part.Rows;
            return fault;
        }
    }

    private void Delivered(QueuedRun request, Fault? fault, Callers callers)
    {
        request.Pins--;
        if (fault is not null || request.Delivered == request.Rows)
        {
            Finish(request, fault, callers);
        }
        else if (request.Pins == 0 && request.Leaving is { } leaving)
        {
            Leave(request, leaving, Time.GetTimestamp());
        }
    }

    private bool MayBegin(QueuedRun request, long now)
    {
        if (!request.IsDone && request.Deadline.Over(now) is { } over)
        {
            Leave(request, over, now);
        }

        return !request.IsDone && request.Held is null && request.Leaving is null;
    }

    private static void Pin(List<RunPart> parts) => parts.ForEach(part => part.Request.Pins++);

    private void Unpin(List<RunPart> parts)
    {
        foreach (var part in parts)
        {
            part.Request.Pins--;
            if (part.Request.Pins == 0 && part.Request.Leaving is { } leaving)
            {
                Leave(part.Request, leaving, Time.GetTimestamp());
            }
        }
    }
}
