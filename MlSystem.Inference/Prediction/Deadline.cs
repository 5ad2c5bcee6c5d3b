namespace MlSystem.Inference.Prediction;

/// <summary>When a request must be done, and whether its caller is still there. Nothing is allocated unless something has to be awaited.</summary>
public readonly struct Deadline(TimeProvider time, long started, TimeSpan timeout, CancellationToken caller)
{
    /// <summary>What nobody is told any more.</summary>
    public static Fault CallerLeft { get; } = new(FaultKind.Cancelled, "the caller went away");

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

    /// <summary>The timestamp at which the time is over; <see cref="long.MaxValue"/> where there is no limit.</summary>
    public long Ends => timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : started + (long)(timeout.TotalSeconds * time.TimestampFrequency);

    /// <summary>Why nothing may begin at a moment any more; null while it may.</summary>
    public Fault? Over(long now) =>
        caller.IsCancellationRequested ? CallerLeft : timeout != Timeout.InfiniteTimeSpan && now >= Ends ? TimedOut() : null;

    /// <exception cref="InferenceException">The time is over or the caller has gone: whatever comes next must not begin.</exception>
    public void Check()
    {
        if (caller.IsCancellationRequested)
        {
            throw new InferenceException(CallerLeft);
        }

        if (Left == TimeSpan.Zero)
        {
            throw new InferenceException(TimedOut());
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
            throw new InferenceException(caller.IsCancellationRequested ? CallerLeft : TimedOut());
        }
    }

    /// <summary>What a caller is told whose time is over.</summary>
    public Fault TimedOut() => new(FaultKind.DeadlineExceeded, $"not done within {timeout.TotalMilliseconds:0.###} ms");
}
