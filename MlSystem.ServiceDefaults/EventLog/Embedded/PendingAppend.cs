namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>One call of append on its way to the file. Its caller can cancel it until the writer has taken it.</summary>
internal sealed class PendingAppend(IReadOnlyCollection<LogEvent> events, long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private int _taken;

    public IReadOnlyCollection<LogEvent> Events { get; } = events;

    public long Bytes { get; } = bytes;

    /// <summary>True for the first caller only: the writer or a cancellation.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryTake())
        {
            TrySetCanceled(cancellationToken);
        }
    }
}
