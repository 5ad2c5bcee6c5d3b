using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online.Packing;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Online;

/// <summary>Packed rows as they came from the store; adapters read their cells in place.</summary>
public sealed class OnlineResult(OnlineQuery query, RedisValue[] values, long nowUs)
{
    public OnlineQuery Query => query;

    internal static int Version(RedisValue value) => PackedRow.VersionOf(Bytes(value));

    public Datatype DatatypeOf(OnlineColumn column) => query.Views[column.ViewOrdinal].Features[column.Feature].Datatype;

    /// <summary>Looks at one cell. <paramref name="row"/> and <paramref name="feature"/> give its value where the status is Present or OutsideMaxAge.</summary>
    /// <param name="eventUs">Event time of the row; meaningless when the status is NotFound.</param>
    public OnlineStatus Cell(OnlineColumn column, int entity, out PackedRow row, out int feature, out long eventUs)
    {
        var value = values[(column.ViewOrdinal * query.Rows) + entity];
        row = default;
        feature = column.Feature;
        eventUs = 0;
        if (value.IsNull)
        {
            return OnlineStatus.NotFound;
        }

        var view = query.Views[column.ViewOrdinal];
        var bytes = Bytes(value);
        var layout = view.Layout;
        if (PackedRow.VersionOf(bytes) is var version && version != layout.Version)
        {
            layout = view.LayoutOf(version) ?? throw new OnlineStoreException($"The online store holds a row of view '{view.Name}' in an unknown form (version {version}).");
            feature = layout.IndexOf(view.Features[column.Feature].Name);
        }

        row = new PackedRow(bytes, layout);
        eventUs = PackedRow.EventUsOf(bytes);
        return feature < 0 || row.IsNull(feature) ? OnlineStatus.NullValue
            : view.Ttl is { } ttl && nowUs - eventUs > UnixTime.Microseconds(ttl) ? OnlineStatus.OutsideMaxAge
            : OnlineStatus.Present;
    }

    /// <summary>The client library hands out the array that it received into; nothing is copied.</summary>
    private static ReadOnlySpan<byte> Bytes(RedisValue value) => ((ReadOnlyMemory<byte>)value).Span;
}
