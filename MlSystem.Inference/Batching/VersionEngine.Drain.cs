using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tracing;

namespace MlSystem.Inference.Batching;

/// <content>Runs of requests that waited.</content>
public sealed partial class VersionEngine
{
    /// <summary>Takes what waits, runs it, and hands the instance on.</summary>
    internal async Task DrainAsync(InstanceSlot slot)
    {
        List<RunPart>? parts;
        lock (Sync)
        {
            _coming--;
            parts = TakeParts(Time.GetTimestamp());
            slot.Parts = parts;
            _company.Met(parts?.Count ?? 0);

            // Callers that are given up leave while the model still runs: the run holds the version itself.
            if (parts is not null && !_version.TryAcquire())
            {
                throw new InvalidOperationException($"{_version.Key} was freed under requests that wait for it.");
            }
        }

        if (parts is null)
        {
            Free(slot);
            return;
        }

        try
        {
            await RunAsync(slot, [.. parts]);
        }
        catch (Exception error)
        {
            // Outputs that can't be copied, such as of a type that the model did not declare: nobody may wait for ever.
            var fault = RunFaults.Of(error);
            parts.ForEach(part => Finish(part.Request, fault));
        }
        finally
        {
            var callers = slot.TakeCallers();
            if (!slot.IsLost())
            {
                HandOn(slot);
            }

            _version.Release();
            callers.Resume();
        }
    }

    private async Task RunAsync(InstanceSlot slot, List<RunPart> parts)
    {
        if (parts.Count == 1 && parts[0].IsWhole)
        {
            await RunInPlaceAsync(slot, parts[0]);
            return;
        }

        var fault = await RunTogetherAsync(slot, parts);
        if (fault is null || slot.IsLost())
        {
            return;
        }

        if (parts.Count == 1)
        {
            NoteEnd(fault, null);
            Finish(parts[0].Request, fault);
            return;
        }

        // One request's rows may have failed the run for all: alone, only the guilty fail.
        for (var i = 0; i < parts.Count && !slot.IsLost(); i++)
        {
            var part = parts[i];
            lock (Sync)
            {
                slot.Parts = [part];
                slot.Rest = parts[(i + 1)..];
            }

            if (part.IsWhole)
            {
                await RunInPlaceAsync(slot, part);
            }
            else if (await RunTogetherAsync(slot, slot.Parts) is { } own)
            {
                NoteEnd(own, null);
                Finish(part.Request, own);
            }
        }
    }

    /// <summary>Runs one request on its own tensors.</summary>
    private async Task RunInPlaceAsync(InstanceSlot slot, RunPart part)
    {
        var request = part.Request;
        var now = Time.GetTimestamp();
        lock (Sync)
        {
            if (!MayBegin(request, now))
            {
                return;
            }

            request.InPlace = true;
        }

        var fault = await RunModelAsync(slot, request.Tensors, request.Rows, request.Mergeable, request.Deadline);
        lock (Sync)
        {
            request.InPlace = false;
            if (request.Tensors.IsLost)
            {
                request.Tensors.Dispose();
            }
        }

        if (!slot.IsLost())
        {
            NoteEnd(fault, request.Tensors);
            Finish(request, fault, slot.Callers);
        }
    }

    /// <summary>Runs parts of several requests on tensors of the run's own.</summary>
    /// <returns>Why it failed; the requests have not been told.</returns>
    private async Task<Fault?> RunTogetherAsync(InstanceSlot slot, List<RunPart> parts)
    {
        var batch = Runtime.Rent();
        try
        {
            if (!Gather(parts, batch))
            {
                return null;
            }

            slot.Parts = parts;
            var trace = BatchTrace.Begin(parts, _version.Key, Time);
            var fault = await RunModelAsync(slot, batch, parts.Sum(part => part.Rows), checkRows: true, new Deadline(Time, Time.GetTimestamp(), Timeout.InfiniteTimeSpan, CancellationToken.None));
            RequestTrace.End(trace, fault, Time);
            if (fault is null && !slot.IsLost())
            {
                NoteEnd(null, null);
                Scatter(parts, batch, slot.Callers);
            }

            return fault;
        }
        finally
        {
            Runtime.Return(batch);
        }
    }

    private async Task<Fault?> RunModelAsync(InstanceSlot slot, TensorSet tensors, int rows, bool checkRows, Deadline deadline)
    {
        var queue = slot.Parts![0].Request.Queue;
        var now = Time.GetTimestamp();
        foreach (var part in slot.Parts)
        {
            queue.Statistics.CountWait(slot.Index, Seconds(now - part.Request.Arrived));
        }

        slot.Begin(tensors, now);
        Fault? fault;
        try
        {
            await Runtime.RunAsync(tensors, deadline);
            fault = checkRows && CountsRows ? RowCopy.CheckOutputs(tensors, rows) : null;
        }
        catch (Exception error)
        {
            fault = RunFaults.Of(error);
        }

        var ended = Time.GetTimestamp();
        lock (Sync)
        {
            // From here on the watchdog finds no run.
            slot.End();
        }

        queue.Statistics.CountRun(slot.Index, rows, Seconds(ended - now));
        _quick.Ran(rows, Seconds(ended - now));
        if (fault is null)
        {
            Latency.Observe(rows, Seconds(ended - now), ended);
        }

        return fault;
    }

    private void HandOn(InstanceSlot slot)
    {
        bool more;
        bool slow;
        lock (Sync)
        {
            slot.Parts = null;
            slot.Rest = [];
            more = RunsWanted(Time.GetTimestamp()) > _coming && slot.Index < Capacity;
            _coming += more ? 1 : 0;
            slow = more && IsSlow();
        }

        if (more)
        {
            _host.Scheduler.Queue(slot, slow);
        }
        else
        {
            Free(slot);
        }
    }

    private void Free(InstanceSlot slot)
    {
        if (slot.TryFree() && Volatile.Read(ref _waiting) > 0)
        {
            Dispatch();
        }
    }
}
