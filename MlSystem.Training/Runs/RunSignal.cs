namespace MlSystem.Training.Runs;

/// <summary>Wakes everything in this process that waits for a change of runs. Changes by other processes are found by the waiters' own polling.</summary>
public sealed class RunSignal(TimeProvider time)
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the next <see cref="Pulse"/>. Take it before looking, so that no change is missed in between.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Pulse() =>
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Waits for <paramref name="next"/>, for <paramref name="over"/> or at most <paramref name="timeout"/>.</summary>
    public async Task WaitAsync(Task next, TimeSpan timeout, CancellationToken cancellationToken, CancellationToken over = default)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over);
        await Task.WhenAny(next, Task.Delay(timeout, time, waiting.Token));
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
