namespace MlSystem.FeatureStore.Streams;

/// <summary>Somebody waits for the rows that are gathered.</summary>
internal sealed class StreamFlush : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _wanted = new();
    private TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cancelled when somebody waits.</summary>
    public CancellationToken Token
    {
        get
        {
            lock (_gate)
            {
                return _wanted.Token;
            }
        }
    }

    public bool Wanted => Token.IsCancellationRequested;

    /// <summary>Asks, and waits until it is done.</summary>
    public Task RequestAsync(CancellationToken cancellationToken)
    {
        var done = NextDone();
        Ask();
        return done.WaitAsync(cancellationToken);
    }

    public void Done()
    {
        lock (_gate)
        {
            _done.TrySetResult();
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_wanted.IsCancellationRequested)
            {
                _wanted.Dispose();
                _wanted = new CancellationTokenSource();
            }
        }
    }

    public void Dispose() => _wanted.Dispose();

    private Task NextDone()
    {
        lock (_gate)
        {
            return _done.Task;
        }
    }

    private void Ask()
    {
        lock (_gate)
        {
            _wanted.Cancel();
        }
    }
}
