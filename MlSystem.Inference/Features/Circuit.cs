namespace MlSystem.Inference.Features;

/// <summary>
/// A circuit breaker (Nygard, Release It!, 2007): after some failures in a row it refuses at once, so that requests do not wait for
/// who can't answer, and lets a single one through from time to time to see whether that has changed.
/// </summary>
internal sealed class Circuit(int failuresBeforeOpen, TimeSpan pause, TimeProvider time)
{
    private readonly Lock _lock = new();
    private int _failures;
    private long _refusedSince;

    /// <summary>Whether to ask. Then <see cref="Succeed"/> or <see cref="Fail"/> follows; a caller who goes away says neither, and an open circuit tries again after its pause.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_failures < failuresBeforeOpen)
            {
                return true;
            }

            if (time.GetElapsedTime(_refusedSince) < pause)
            {
                return false;
            }

            // This one tries; the others go on being refused until it knows.
            _refusedSince = time.GetTimestamp();
            return true;
        }
    }

    public void Succeed()
    {
        lock (_lock)
        {
            _failures = 0;
        }
    }

    public void Fail()
    {
        lock (_lock)
        {
            _failures = Math.Min(_failures + 1, failuresBeforeOpen);
            _refusedSince = time.GetTimestamp();
        }
    }
}
