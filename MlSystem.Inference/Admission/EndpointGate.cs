using MlSystem.Inference.Batching;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Admission;

/// <summary>Bounds the requests of one endpoint on this replica: how many run at once, over all its variants, and how many wait.</summary>
public sealed class EndpointGate(string endpoint, int maxRunning, int maxWaiting)
{
    private readonly HashSet<VersionEngine> _blocked = [];
    private readonly LinkedList<TaskCompletionSource> _callers = new();
    private int _running;
    private int _waiting;
    private int _blockedCount;

    /// <summary>Of what is bounded elsewhere.</summary>
    internal static EndpointGate Unbounded { get; } = new("", int.MaxValue, int.MaxValue);

    /// <summary>Requests that run at once.</summary>
    public int MaxRunning { get; } = maxRunning;

    /// <summary>Requests that wait.</summary>
    public int MaxWaiting { get; } = maxWaiting;

    /// <summary>What a request is told that finds no place.</summary>
    public Fault Busy { get; } = new(FaultKind.EndpointBusy, $"endpoint '{endpoint}' has all its places taken ({maxRunning} run, {maxWaiting} wait), try again later");

    /// <summary>Whether a request would be refused now, before anything is read for it.</summary>
    public bool IsFull => Volatile.Read(ref _waiting) >= Places;

    // Whoever will find a place to run waits first, for the moment between: free places to run are places to wait.
    private long Places => (long)MaxWaiting + Math.Max(MaxRunning - Volatile.Read(ref _running), 0);

    /// <summary>Whether another request may run now.</summary>
    internal bool HasPlace => Volatile.Read(ref _running) < MaxRunning;

    public int Running => Volatile.Read(ref _running);

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>A place to run; <see cref="EndRun"/> gives it back.</summary>
    public bool TryRun()
    {
        // Never more than allowed, not even for a moment: another that looks just then would wait for nothing.
        var seen = Volatile.Read(ref _running);
        while (seen < MaxRunning)
        {
            var before = Interlocked.CompareExchange(ref _running, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>A place to run for work that no engine queues; waits for one in order of arrival. <see cref="EndRun"/> gives it back.</summary>
    /// <returns>Why there is none: too many wait. Null: the place is the caller's.</returns>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public async ValueTask<Fault?> EnterAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _blockedCount) == 0 && TryRun())
        {
            return null;
        }

        if (!TryWait())
        {
            return Busy;
        }

        var turn = new LinkedListNode<TaskCompletionSource>(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_blocked)
        {
            _callers.AddLast(turn);
            CountBlocked();
        }

        // Whoever gave a place back before this was counted has told nobody.
        Interlocked.MemoryBarrier();
        WakeBlocked();
        try
        {
            using var cancelling = cancellationToken.Register(() => turn.Value.TrySetCanceled(cancellationToken));
            await turn.Value.Task;
            return null;
        }
        finally
        {
            EndWait();
            lock (_blocked)
            {
                if (turn.List is not null)
                {
                    _callers.Remove(turn);
                    CountBlocked();
                }
            }
        }
    }

    public void EndRun()
    {
        Interlocked.Decrement(ref _running);
        if (Volatile.Read(ref _blockedCount) > 0)
        {
            WakeBlocked();
        }
    }

    /// <summary>A place to wait; <see cref="EndWait"/> gives it back.</summary>
    internal bool TryWait()
    {
        if (Interlocked.Increment(ref _waiting) <= Places)
        {
            return true;
        }

        Interlocked.Decrement(ref _waiting);
        return false;
    }

    /// <summary>Turns a place to run into one to wait, whether or not one is free.</summary>
    internal void WaitAgain()
    {
        Interlocked.Increment(ref _waiting);
        EndRun();
    }

    internal void EndWait() => Interlocked.Decrement(ref _waiting);

    /// <summary>Wakes an engine when a place is free again; the engine looks once more after this.</summary>
    internal void WakeLater(VersionEngine engine)
    {
        lock (_blocked)
        {
            _blocked.Add(engine);
            CountBlocked();
        }

        Interlocked.MemoryBarrier();
    }

    private void WakeBlocked()
    {
        VersionEngine[] engines;
        lock (_blocked)
        {
            while (_callers.First is { } first && TryRun())
            {
                _callers.RemoveFirst();
                if (!first.Value.TrySetResult())
                {
                    Interlocked.Decrement(ref _running);
                }
            }

            engines = [.. _blocked];
            _blocked.Clear();
            CountBlocked();
        }

        Array.ForEach(engines, engine => engine.WakeSoon());
    }

    private void CountBlocked() => Volatile.Write(ref _blockedCount, _blocked.Count + _callers.Count);
}
