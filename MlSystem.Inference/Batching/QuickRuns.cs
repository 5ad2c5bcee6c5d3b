namespace MlSystem.Inference.Batching;

/// <summary>
/// Whether a run is surely so short that other connections may wait for it: the model's work does not depend on the values of its rows,
/// the learned latency is below the limit, and at most one in twenty of the last runs that were expected to be short took more than twice
/// the limit (some do on a busy machine: their thread had to wait for a processor).
/// </summary>
/// <remarks>Races between threads lose an observation now and then, and nothing else.</remarks>
public sealed class QuickRuns(bool hasBoundedWork, LatencyModel latency, double limitSeconds)
{
    /// <summary>Share of long runs from which on none is allowed.</summary>
    public const double TooMany = 0.05;

    private const double Weight = 1.0 / 128;
    private double _long;

    public bool Allow(int rows) => hasBoundedWork && IsExpected(rows) && Volatile.Read(ref _long) < TooMany;

    /// <summary>Takes note of a run, wherever it was.</summary>
    public void Ran(int rows, double seconds)
    {
        if (hasBoundedWork && IsExpected(rows))
        {
            var before = Volatile.Read(ref _long);
            Volatile.Write(ref _long, before + (Weight * ((seconds > 2 * limitSeconds ? 1 : 0) - before)));
        }
    }

    private bool IsExpected(int rows) => latency.IsKnown && latency.Seconds(rows) <= limitSeconds;
}
