namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>A token that is cancelled when nothing moved for a while, or by the caller.</summary>
internal sealed class SilenceWatch : IDisposable
{
    private readonly TimeSpan _silence;
    private readonly CancellationTokenSource _silent;
    private readonly CancellationTokenSource _either;

    public SilenceWatch(TimeSpan silence, TimeProvider time, CancellationToken cancellationToken)
    {
        _silence = silence;
        _silent = new(silence, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _silent.Token);
    }

    public CancellationToken Token => _either.Token;

    public bool IsOver => _silent.IsCancellationRequested;

    /// <summary>Something moved: the time begins anew.</summary>
    public void Touch()
    {
        try
        {
            _silent.CancelAfter(_silence);
        }
        catch (ObjectDisposedException)
        {
            // The answer was there before the whole request was sent.
        }
    }

    public StoreSilentException Silent(Exception inner) => new(StorePatience.Text(_silence, "moved no byte", nameof(ArtifactOptions.SilenceTimeoutSeconds)), inner);

    public void Dispose()
    {
        _either.Dispose();
        _silent.Dispose();
    }
}
