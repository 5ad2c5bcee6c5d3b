using MlSystem.FeatureStore.Consistency;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Online;

/// <summary>The core of an online read: one key an entity row and view, one round trip.</summary>
public sealed class OnlineReader(OnlineStore store, CatalogStore catalog, ReadLog log, TimeProvider time)
{
    /// <exception cref="OnlineStoreException">The store can't be read now.</exception>
    public async ValueTask<OnlineResult> ReadAsync(OnlineQuery query, CancellationToken cancellationToken)
    {
        if (query.Rows == 0)
        {
            return new OnlineResult(query, [], 0);
        }

        if (query.Views.Count == 0)
        {
            return new OnlineResult(query, [], UnixTime.Microseconds(time.GetUtcNow()));
        }

        // One more for the store's marker.
        var keys = new RedisKey[(query.Rows * query.Views.Count) + 1];
        for (var v = 0; v < query.Views.Count; v++)
        {
            FillKeys(query, query.Views[v], keys.AsSpan(v * query.Rows, query.Rows));
        }

        var values = await store.ReadAsync(keys, cancellationToken);
        if (HasUnknownVersion(query, values))
        {
            query = Rebind(query, await catalog.RefreshAsync(cancellationToken));
        }

        var result = new OnlineResult(query, values, UnixTime.Microseconds(time.GetUtcNow()));
        log.Offer(result);
        return result;
    }

    private static void FillKeys(OnlineQuery query, FeatureView view, Span<RedisKey> keys)
    {
        var columns = new FeatureValue[view.JoinKeys.Count][];
        for (var k = 0; k < columns.Length; k++)
        {
            columns[k] = query.Keys[view.JoinKeys[k].Name];
        }

        var entity = new FeatureValue[columns.Length];
        for (var row = 0; row < keys.Length; row++)
        {
            for (var k = 0; k < columns.Length; k++)
            {
                entity[k] = columns[k][row];
            }

            keys[row] = OnlineKey.BytesOf(view, entity);
        }
    }

    /// <summary>Another replica has applied a newer version of a view and written rows with it.</summary>
    private static bool HasUnknownVersion(OnlineQuery query, RedisValue[] values)
    {
        for (var i = 0; i < values.Length - 1; i++)
        {
            if (!values[i].IsNull && query.Views[i / query.Rows].LayoutOf(OnlineResult.Version(values[i])) is null)
            {
                return true;
            }
        }

        return false;
    }

    private static OnlineQuery Rebind(OnlineQuery query, Catalog newest)
    {
        var views = query.Views.Select(view => newest.Views[view.Name]).ToArray();
        OnlineColumn Move(OnlineColumn column) =>
            column.ViewOrdinal < 0 ? column : column with { Feature = views[column.ViewOrdinal].IndexOf(query.Views[column.ViewOrdinal].Features[column.Feature].Name) };
        return new OnlineQuery
        {
            Views = views,
            Columns = [.. query.Columns.Select(Move).Where(column => column.Feature >= 0)],
            Computations = [.. query.Computations.Select(computation => computation with { Inputs = [.. computation.Inputs.Select(Move)] })],
            RequestColumns = query.RequestColumns,
            Keys = query.Keys,
            Rows = query.Rows,
        };
    }
}
