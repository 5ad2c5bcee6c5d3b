namespace MlSystem.FeatureStore.Online;

/// <summary>Whether the online store holds everything that was acknowledged, and so may be read.</summary>
public sealed class OnlineState : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private long _generation = 1;
    private volatile string? _reason = "the online store has not been checked yet";

    /// <summary>Why it may not be read, or null when it may.</summary>
    public string? NotReadyReason => _reason;

    /// <summary>Changes with every loss.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>Data may be missing: no reads until a recovery that began later has ended.</summary>
    public void Lost(string reason)
    {
        lock (_gate)
        {
            _generation++;
            _reason = reason;
            Signal();
        }
    }

    /// <returns>False when data was lost since <paramref name="generation"/>.</returns>
    public bool TryMarkReady(long generation)
    {
        lock (_gate)
        {
            if (generation == _generation)
            {
                _reason = null;
            }

            return _reason is null;
        }
    }

    /// <summary>Waits for a loss, at most for a period.</summary>
    public Task<bool> WaitForChangeAsync(TimeSpan period, CancellationToken cancellationToken) => _changed.WaitAsync(period, cancellationToken);

    public void Dispose() => _changed.Dispose();

    private void Signal()
    {
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }
}
