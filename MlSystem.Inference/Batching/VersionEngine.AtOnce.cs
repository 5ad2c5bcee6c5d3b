using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.Inference.Batching;

/// <content>Runs that a request does itself.</content>
public sealed partial class VersionEngine
{
    /// <summary>Runs on the calling thread, on the request's own tensors.</summary>
    internal ValueTask<RunOutcome> RunHere(VariantQueue queue, InstanceSlot slot, TensorSet tensors, int rows, in Deadline deadline, long now)
    {
        slot.Begin(tensors, now);
        Fault? fault;
        try
        {
            var run = Runtime.RunAsync(tensors, deadline);
            if (!run.IsCompletedSuccessfully)
            {
                return AwaitHereAsync(run, queue, slot, tensors, rows, now);
            }

            fault = Check(tensors, rows);
        }
        catch (Exception error)
        {
            fault = RunFaults.Of(error);
        }

        return new ValueTask<RunOutcome>(EndHere(queue, slot, tensors, rows, now, fault));
    }

    /// <summary>Runs a version that waits for others: they queue and bound their own parts.</summary>
    /// <param name="priority">Of <see cref="BatchSettings.OwnLevel"/>.</param>
    internal async ValueTask<RunOutcome> RunElsewhereAsync(VariantQueue queue, TensorSet tensors, int rows, int priority, Deadline deadline, long now)
    {
        await SocketThreads.LeaveAsync();
        if (!queue.Gate.TryRun())
        {
            return new RunOutcome(queue.Gate.Busy, now, now);
        }

        Fault? fault = null;
        try
        {
            await Runtime.RunAsync(tensors, priority, deadline);
        }
        catch (Exception error)
        {
            fault = RunFaults.Of(error);
        }
        finally
        {
            queue.Gate.EndRun();
        }

        var ended = Time.GetTimestamp();
        queue.Statistics.CountRun(0, rows, Seconds(ended - now));
        queue.Statistics.CountWait(0, 0);
        return new RunOutcome(fault, now, ended);
    }

    private async ValueTask<RunOutcome> AwaitHereAsync(ValueTask run, VariantQueue queue, InstanceSlot slot, TensorSet tensors, int rows, long started)
    {
        Fault? fault;
        try
        {
            await run;
            fault = Check(tensors, rows);
        }
        catch (Exception error)
        {
            fault = RunFaults.Of(error);
        }

        return EndHere(queue, slot, tensors, rows, started, fault);
    }

    private RunOutcome EndHere(VariantQueue queue, InstanceSlot slot, TensorSet tensors, int rows, long started, Fault? fault)
    {
        var ended = Time.GetTimestamp();
        var seconds = Seconds(ended - started);
        _quick.Ran(rows, seconds);
        var runs = queue.Statistics.CountRun(slot.Index, rows, seconds);
        queue.Statistics.CountWait(slot.Index, 0);
        if (fault is null && (runs % ObserveEvery == 0 || rows > ObserveEvery))
        {
            Latency.Observe(rows, seconds, ended);
        }

        queue.Gate.EndRun();
        queue.Pace?.Left(rows);
        if (!slot.TryFree())
        {
            // The watchdog has counted it and replaced the slot.
            return new RunOutcome(slot.GivenUp, started, ended);
        }

        NoteEnd(fault, tensors);
        if (Volatile.Read(ref _waiting) > 0)
        {
            Dispatch();
        }

        return new RunOutcome(fault, started, ended);
    }

    private Fault? Check(TensorSet tensors, int rows) => CountsRows && RowCopy.HaveRows(tensors, rows) ? RowCopy.CheckOutputs(tensors, rows) : null;
}
