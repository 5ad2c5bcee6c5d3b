namespace MlSystem.Inference.Prediction;

/// <summary>When a request must be done, and whether its caller is still there. Nothing is allocated unless something has to be awaited.</summary>
public readonly struct Deadline(TimeProvider time, long started, TimeSpan timeout, CancellationToken caller)
{
    public CancellationToken Caller => caller;

    /// <summary>Time that is left, at least zero; <see cref="Timeout.InfiniteTimeSpan"/> where there is no limit.</summary>
    public TimeSpan Left
    {
        get
        {
            if (timeout == Timeout.InfiniteTimeSpan)
            {
                return timeout;
            }

            var left = timeout - time.GetElapsedTime(started);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The same time for a part of the work that <paramref name="token"/> stops earlier.</summary>
    public Deadline For(CancellationToken token) => new(time, started, timeout, token);

    /// <exception cref="InferenceException">The time is over or the caller has gone: whatever comes next must not begin.</exception>
    public void Check()
    {
        if (caller.IsCancellationRequested)
        {
            throw new InferenceException(FaultKind.Cancelled, "the caller went away");
        }

        if (Left == TimeSpan.Zero)
        {
            throw TimedOut();
        }
    }

    /// <summary>Awaits something that stops at the deadline or when the caller goes.</summary>
    public async ValueTask<TResult> RunAsync<TState, TResult>(Func<TState, CancellationToken, ValueTask<TResult>> action, TState state)
    {
        Check();
        using var timer = new CancellationTokenSource(Left, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, caller);
        try
        {
            return await action(state, both.Token);
        }
        catch (Exception) when (both.IsCancellationRequested)
        {
            throw caller.IsCancellationRequested ? new InferenceException(FaultKind.Cancelled, "the caller went away") : TimedOut();
        }
    }

    private InferenceException TimedOut() => new(FaultKind.DeadlineExceeded, $"not done within {timeout.TotalMilliseconds:0.###} ms");
}
