namespace MlSystem.Inference.Batching;

/// <summary>
/// How fast rows come to an adaptive queue, looked at once in a quarter of a second, and the delay that follows. Counted without a lock:
/// requests that run where they are count too.
/// </summary>
internal sealed class ArrivalPace(VariantQueue queue, long started)
{
    private const double WindowSeconds = 0.25;

    /// <summary>Weight of the last window in the mean.</summary>
    private const double Weight = 0.5;

    private volatile QueueDelay _delay = QueueDelay.None;
    private long _since = started;
    private long _rows;
    private long _underWay;
    private long _most;
    private double _rowsPerSecond;

    public QueueDelay Delay => _delay;

    public void Arrived(int rows, long now)
    {
        var since = Volatile.Read(ref _since);
        if (queue.Engine.Seconds(now - since) >= WindowSeconds && Interlocked.CompareExchange(ref _since, now, since) == since)
        {
            Choose(queue.Engine.Seconds(now - since));
        }

        Interlocked.Add(ref _rows, rows);
        var underWay = Interlocked.Add(ref _underWay, rows);
        if (underWay > Volatile.Read(ref _most))
        {
            Volatile.Write(ref _most, underWay);
        }
    }

    public void Left(int rows) => Interlocked.Add(ref _underWay, -rows);

    private void Choose(double seconds)
    {
        // After a longer silence only the silence counts.
        var rate = Interlocked.Exchange(ref _rows, 0) / seconds;
        _rowsPerSecond = seconds > 2 * WindowSeconds ? rate : _rowsPerSecond + (Weight * (rate - _rowsPerSecond));
        var most = Interlocked.Exchange(ref _most, Volatile.Read(ref _underWay));
        _delay = DelayRule.Choose(queue.Engine.Latency, _rowsPerSecond, most, queue.Engine.Capacity, queue.Objective!.RunSeconds, queue.MaxRows);
    }
}
