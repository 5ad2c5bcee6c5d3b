using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Online.Retention;

/// <summary>
/// When rows leave the online store: once their values have been expired for as long as the view keeps them. The end follows from the
/// event time alone, so a row never outlives a newer one of its entity: what is read is the newest row, or nothing.
/// </summary>
public sealed class RowLife(IOptions<FeatureStoreOptions> options, TimeProvider time)
{
    private readonly long _keepUs = options.Value.OnlineKeepExpiredSeconds * 1_000_000;

    /// <summary>Microseconds from event time to end; null: the rows stay.</summary>
    public long? Of(FeatureView view) => view.Expiry.TtlUs is { } ttlUs ? ttlUs + (view.Expiry.KeepUs ?? _keepUs) : null;

    /// <summary>Milliseconds that a row may still stay, from 1; 0: for ever; negative: its time is over.</summary>
    /// <remarks>A span, not a point in time: the server's clock may go differently.</remarks>
    public long MillisecondsLeft(FeatureView view, long eventUs)
    {
        if (Of(view) is not { } lifeUs)
        {
            return 0;
        }

        var leftUs = eventUs - (UnixTime.Microseconds(time.GetUtcNow()) - lifeUs);
        return leftUs <= 0 ? -1 : (leftUs + 999) / 1000;
    }
}
