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

    /// <summary>Leaves the queue as soon as the caller goes.</summary>
    public void WatchCaller()
    {
        if (Deadline.Caller.CanBeCanceled)
        {
            var watch = Deadline.Caller.UnsafeRegister(static state => ((QueuedRun)state!).Queue.Engine.CallerLeft((QueuedRun)state), this);
            lock (Queue.Engine.Sync)
            {
                _watch = watch;
                if (IsDone)
                {
                    watch.Unregister();
                }
            }
        }
    }

    public void Complete(in RunOutcome outcome)
    {
        IsDone = true;

        // Not disposed: that would wait for a callback that waits for the lock that is held here.
        _watch.Unregister();
        _source.SetResult(outcome);
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
