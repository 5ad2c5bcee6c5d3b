using System.Diagnostics;
using System.Threading.Tasks.Sources;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tracing;

namespace MlSystem.Inference.Batching;

/// <summary>
/// A request in a queue or in a run that it did not begin itself. Everything but <see cref="GetResult"/> happens under the
/// engine's lock. Not pooled: its caller, its canceller and its run may each look at it last.
/// </summary>
internal sealed class QueuedRun : IValueTaskSource<RunOutcome>
{
    private ManualResetValueTaskSourceCore<RunOutcome> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _watch;
    private RunOutcome _outcome;

    public QueuedRun(VariantQueue queue, TensorSet tensors, int rows, int level, in Deadline deadline, long arrived)
    {
        (Queue, Tensors, Rows, Level, Deadline, Arrived) = (queue, tensors, rows, level, deadline, arrived);
        Ends = deadline.Ends;
        Waiting = new LinkedListNode<QueuedRun>(this);
        Arrival = new LinkedListNode<QueuedRun>(this);
    }

    public VariantQueue Queue { get; }

    public TensorSet Tensors { get; }

    public int Rows { get; }

    public int Level { get; }

    public Deadline Deadline { get; }

    public long Arrived { get; }

    /// <summary>The span that its runs are linked to; default where nobody collects it.</summary>
    public ActivityContext Trace { get; } = BatchTrace.Here;

    /// <summary>When its deadline is over.</summary>
    public long Ends { get; }

    /// <summary>When it has waited too long; <see cref="long.MaxValue"/> once it was put behind.</summary>
    public long LateAt { get; set; } = long.MaxValue;

    /// <summary>Whether its rows may run with others' and in parts: every input has as many rows.</summary>
    public bool Mergeable { get; init; }

    /// <summary>Whether no other's rows may be in its run: how it ends is to tell of its own.</summary>
    public bool Alone { get; init; }

    public LinkedListNode<QueuedRun> Waiting { get; }

    public LinkedListNode<QueuedRun> Arrival { get; }

    /// <summary>Rows that went into runs.</summary>
    public int Taken { get; set; }

    /// <summary>Rows whose outputs are in <see cref="Tensors"/>.</summary>
    public int Delivered { get; set; }

    public long Started { get; set; }

    /// <summary>Copies that are reading or writing <see cref="Tensors"/>: it can't leave before they are done.</summary>
    public int Pins { get; set; }

    /// <summary>Whether the model is running on <see cref="Tensors"/> themselves.</summary>
    public bool InPlace { get; set; }

    /// <summary>Why it leaves as soon as it is not pinned.</summary>
    public Fault? Leaving { get; set; }

    /// <summary>Its outcome, which waits for those that came before.</summary>
    public RunOutcome? Held { get; set; }

    public bool IsDone { get; private set; }

    public ValueTask<RunOutcome> Task => new(this, _source.Version);

    /// <summary>Whether it is or was in the queue.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Leaves the queue as soon as the caller goes. Comes before the queue: a caller that goes in between is seen there.</summary>
    public void WatchCaller()
    {
        if (Deadline.Caller.CanBeCanceled)
        {
            _watch = Deadline.Caller.UnsafeRegister(static state => ((QueuedRun)state!).Queue.Engine.CallerLeft((QueuedRun)state), this);
        }
    }

    /// <summary>It was refused and never came into the queue.</summary>
    public void Forget() => _watch.Unregister();

    /// <summary>Ends it; its caller goes on elsewhere.</summary>
    public void Complete(in RunOutcome outcome)
    {
        Settle(outcome);
        _source.SetResult(outcome);
    }

    /// <summary>Ends it; <see cref="Resume"/> must follow.</summary>
    public void Settle(in RunOutcome outcome)
    {
        IsDone = true;
        _outcome = outcome;

        // Not disposed: that would wait for a callback that waits for the lock that is held here.
        _watch.Unregister();
    }

    /// <summary>Lets the caller of a settled request go on, on this thread. Not under the lock.</summary>
    public void Resume()
    {
        _source.RunContinuationsAsynchronously = false;
        _source.SetResult(_outcome);
    }

    public RunOutcome GetResult(short token) => _source.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}

/// <summary>Rows of one request in one run.</summary>
internal readonly record struct RunPart(QueuedRun Request, int From, int Rows)
{
    public bool IsWhole => Rows == Request.Rows;
}
