using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Online;

/// <summary>Packed rows as they came from the store; adapters read their cells in place.</summary>
public sealed class OnlineResult
{
    private readonly RedisValue[] _values;
    private readonly long _nowUs;
    private readonly FeatureValue[][][] _computed;

    /// <param name="nowUs">The time of the read in microseconds since 1970-01-01T00:00:00Z.</param>
    public OnlineResult(OnlineQuery query, RedisValue[] values, long nowUs)
    {
        (Query, _values, _nowUs) = (query, values, nowUs);
        _computed = query.Rows == 0 ? [.. query.Computations.Select(computation => Array.ConvertAll(new int[computation.View.Program.Features.Count], _ => Array.Empty<FeatureValue>()))]
            : [.. query.Computations.Select(Compute)];
    }

    public OnlineQuery Query { get; }

    /// <summary>The time of the read in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long NowUs => _nowUs;

    /// <summary>The values of a computed column.</summary>
    public FeatureValue[] Computed(OnlineColumn column) => _computed[column.Computation][column.Feature];

    /// <summary>Event time of the oldest row that a computed value comes from; the time of the read where it comes from the request alone.</summary>
    public long ComputedEventUs(OnlineColumn column, int entity)
    {
        var oldest = _nowUs;
        foreach (var input in Query.Computations[column.Computation].Inputs)
        {
            if (input.ViewOrdinal >= 0 && Cell(input, entity, out _, out _, out var eventUs) != OnlineStatus.NotFound)
            {
                oldest = Math.Min(oldest, eventUs);
            }
        }

        return oldest;
    }

    internal static int Version(RedisValue value) => PackedRow.VersionOf(Bytes(value));

    public Datatype DatatypeOf(OnlineColumn column) => column.IsComputed
        ? Query.Computations[column.Computation].View.Program.Features[column.Feature].Datatype
        : Query.Views[column.ViewOrdinal].Features[column.Feature].Datatype;

    /// <summary>Looks at one cell. <paramref name="row"/> and <paramref name="feature"/> give its value where the status is Present or OutsideMaxAge.</summary>
    /// <param name="eventUs">Event time of the row; meaningless when the status is NotFound.</param>
    public OnlineStatus Cell(OnlineColumn column, int entity, out PackedRow row, out int feature, out long eventUs)
    {
        var value = _values[(column.ViewOrdinal * Query.Rows) + entity];
        row = default;
        feature = column.Feature;
        eventUs = 0;
        if (value.IsNull)
        {
            return OnlineStatus.NotFound;
        }

        var view = Query.Views[column.ViewOrdinal];
        var bytes = Bytes(value);
        var layout = view.Layout;
        if (PackedRow.VersionOf(bytes) is var version && version != layout.Version)
        {
            layout = view.LayoutOf(version) ?? throw new OnlineStoreException($"The online store holds a row of view '{view.Name}' in an unknown form (version {version}).");
            feature = column.Feature < 0 ? -1 : layout.IndexOf(view.Features[column.Feature].Name);
        }

        row = new PackedRow(bytes, layout);
        eventUs = PackedRow.EventUsOf(bytes);
        return feature < 0 || row.IsNull(feature) ? OnlineStatus.NullValue
            : view.Expiry.TtlUs < _nowUs - eventUs ? OnlineStatus.OutsideMaxAge
            : OnlineStatus.Present;
    }

    /// <summary>Whether a cell of status OutsideMaxAge gives its stored value; else it gives <see cref="ExpiredValue"/>.</summary>
    public bool GivesExpired(OnlineColumn column) => Query.Views[column.ViewOrdinal].Expiry.IsFlagged;

    /// <summary>What stands in place of expired values; missing: null.</summary>
    public FeatureValue ExpiredValue(OnlineColumn column) => column.Feature < 0 ? FeatureValue.Missing : Query.Views[column.ViewOrdinal].Expiry.DefaultOf(column.Feature);

    private FeatureValue[][] Compute(OnlineComputation computation)
    {
        var inputs = computation.Inputs.Select(input => input.ViewOrdinal < 0 ? Query.RequestColumns[input.Name] : Column(input)).ToArray();
        var now = new long[Query.Rows];
        Array.Fill(now, _nowUs);
        return computation.View.Program.Evaluate(inputs, now);
    }

    /// <summary>An expired value is missing, as it is in a historical read.</summary>
    private FeatureValue[] Column(OnlineColumn column)
    {
        var read = new FeatureValue[Query.Rows];
        if (column.Feature < 0)
        {
            // Another replica has just removed it by force.
            return read;
        }

        var datatype = DatatypeOf(column);
        for (var i = 0; i < read.Length; i++)
        {
            if (Cell(column, i, out var row, out var feature, out _) == OnlineStatus.Present)
            {
                read[i] = PackedValues.Read(row, datatype, feature);
            }
        }

        return read;
    }

    /// <summary>The client library hands out the array that it received into; nothing is copied.</summary>
    private static ReadOnlySpan<byte> Bytes(RedisValue value) => ((ReadOnlyMemory<byte>)value).Span;
}
