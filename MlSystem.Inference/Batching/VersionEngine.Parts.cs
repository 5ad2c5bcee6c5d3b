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

    private void Scatter(List<RunPart> parts, TensorSet batch)
    {
        var at = 0;
        foreach (var part in parts)
        {
            Scatter(part, at, batch);
            at += part.Rows;
        }
    }

    private void Scatter(RunPart part, int at, TensorSet batch)
    {
        var request = part.Request;
        lock (Sync)
        {
            if (request.IsDone || request.Held is not null)
            {
                return;
            }

            request.Pins++;
        }

        Fault? fault;
        lock (request)
        {
            // Two parts of one request may end at once; the first shapes the outputs.
            fault = RowCopy.Scatter(batch, at, part);
            request.Delivered += part.Rows;
        }

        lock (Sync)
        {
            request.Pins--;
            if (fault is not null || request.Delivered == request.Rows)
            {
                Finish(request, fault);
            }
            else if (request.Pins == 0 && request.Leaving is { } leaving)
            {
                Leave(request, leaving, Time.GetTimestamp());
            }
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
