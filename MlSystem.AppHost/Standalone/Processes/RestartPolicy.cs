namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>How long a crashed service waits before it is started again: 1 s, doubling to 30 s; from 1 s again once it was ready for a minute.</summary>
internal sealed class RestartPolicy(TimeProvider time)
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);

    private TimeSpan _next = First;
    private long? _readySince;

    /// <summary>How often a delay was given out: the service's restarts.</summary>
    public int Restarts { get; private set; }

    /// <summary>The service has become ready.</summary>
    public void Ready() => _readySince = time.GetTimestamp();

    /// <summary>The service is gone: how long to wait before the next start.</summary>
    public TimeSpan Exited()
    {
        if (_readySince is { } since && time.GetElapsedTime(since) >= Healthy)
        {
            _next = First;
        }

        _readySince = null;
        var delay = _next;
        _next = delay * 2 < Longest ? delay * 2 : Longest;
        Restarts++;
        return delay;
    }
}
