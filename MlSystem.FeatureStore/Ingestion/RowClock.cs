using System.Globalization;
using Microsoft.Extensions.Options;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>The times of rows that are taken in: when they were received, and how far their event times may be ahead of that.</summary>
/// <remarks>A row of the far future, by a wrong clock, would keep its entity's online value for ever.</remarks>
public sealed class RowClock(IOptions<FeatureStoreOptions> options, FeatureStoreMetrics metrics, TimeProvider time)
{
    private readonly long _maxAheadUs = options.Value.MaxFutureSeconds * 1_000_000;
    private long _lastCreatedUs;

    /// <summary>The current time, but never the same twice: rows received later win over rows received earlier.</summary>
    public long NextCreatedUs()
    {
        while (true)
        {
            var last = Interlocked.Read(ref _lastCreatedUs);
            var next = Math.Max(UnixTime.Microseconds(time.GetUtcNow()), last + 1);
            if (Interlocked.CompareExchange(ref _lastCreatedUs, next, last) == last)
            {
                return next;
            }
        }
    }

    /// <summary>What is wrong with an event time that comes now; null: nothing.</summary>
    public string? Mistake(long eventUs) => Mistake(eventUs, time.GetUtcNow());

    /// <param name="receivedAt">When the row came.</param>
    public string? Mistake(long eventUs, DateTimeOffset receivedAt)
    {
        var aheadUs = eventUs - UnixTime.Microseconds(receivedAt);
        if (aheadUs > 0)
        {
            metrics.FutureRows.Add(1, new KeyValuePair<string, object?>("accepted", aheadUs <= _maxAheadUs));
        }

        return aheadUs <= _maxAheadUs ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"the event time is {aheadUs / 1_000_000} s ahead of the clock here ({receivedAt.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}); allowed are {options.Value.MaxFutureSeconds} s (Features:MaxFutureSeconds)");
    }
}
