namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>Bounds the bytes that wait to be written: appends beyond it queue in order. A single request above the bound is let through alone.</summary>
internal sealed class ByteBudget(long limit)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _used;

    public Task AcquireAsync(long bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_waiters.Count == 0 && Fits(bytes))
            {
                _used += bytes;
                return Task.CompletedTask;
            }

            return WaitAsync(_waiters.AddLast(new Waiter(bytes)), cancellationToken);
        }
    }

    public void Release(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            Admit();
        }
    }

    private async Task WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.Register(() => Cancel(node, cancellationToken));
        await node.Value.Task;
    }

    private void Cancel(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is not null)
            {
                _waiters.Remove(node);
                node.Value.SetCanceled(cancellationToken);
                Admit();
            }
        }
    }

    private bool Fits(long bytes) => _used == 0 || _used + bytes <= limit;

    private void Admit()
    {
        while (_waiters.First is { } next && Fits(next.Value.Bytes))
        {
            _waiters.RemoveFirst();
            _used += next.Value.Bytes;
            next.Value.SetResult();
        }
    }

    private sealed class Waiter(long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Bytes { get; } = bytes;
    }
}
