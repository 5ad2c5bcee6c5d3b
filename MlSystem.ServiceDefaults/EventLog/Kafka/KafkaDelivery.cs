namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Completes when the broker has answered for every event of one append.</summary>
internal sealed class KafkaDelivery(int events, Action done) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private int _left = events;
    private Exception? _error;

    /// <param name="error">Why one event was not stored; null when it was.</param>
    public void Complete(Exception? error)
    {
        if (error is not null)
        {
            Interlocked.CompareExchange(ref _error, error, null);
        }

        if (Interlocked.Decrement(ref _left) > 0)
        {
            return;
        }

        done();
        if (_error is null)
        {
            SetResult();
        }
        else
        {
            SetException(_error);
        }
    }
}
