using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online.Packing;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Online.Retention;

/// <summary>Goes through the stored rows of a view and changes how long they stay, beside readers and writers.</summary>
public sealed class RowScan(OnlineConnection connection, OnlineStore store, RowLife life)
{
    private const int PageKeys = 1_000;
    private const int KeysPerCall = 128;

    /// <summary>Event time, created time and view version.</summary>
    private const int HeaderBytes = PackedLayout.NullsOffset;

    /// <summary>Only rows that are still what they were when it was decided: a newer one has been written with what holds for it.</summary>
    private const string Change = """
        local changed = 0
        for i = 1, #KEYS do
          if redis.call('GETRANGE', KEYS[i], 0, 19) == ARGV[i] then
            local stays = ARGV[#KEYS + i]
            if stays == '0' then
              redis.call('PERSIST', KEYS[i])
            elseif stays == '-1' then
              redis.call('DEL', KEYS[i])
            else
              redis.call('PEXPIRE', KEYS[i], stays)
            end
            changed = changed + 1
          end
        end
        return changed
        """;

    /// <summary>Gives every row of a view the end that its event time and the view's definition mean.</summary>
    public Task<long> RenewAsync(FeatureView view, CancellationToken cancellationToken) =>
        ChangeAsync(view.Name, header => life.MillisecondsLeft(view, PackedRow.EventUsOf(header)), cancellationToken);

    /// <summary>Removes the rows that were written with a version of a view up to a given one.</summary>
    /// <returns>How many.</returns>
    public Task<long> PurgeAsync(string view, int version, CancellationToken cancellationToken) =>
        ChangeAsync(view, header => PackedRow.VersionOf(header) <= version ? -1 : null, cancellationToken);

    /// <param name="stays">Milliseconds, 0 for ever, -1 not at all, null: unchanged.</param>
    private async Task<long> ChangeAsync(string view, Func<byte[], long?> stays, CancellationToken cancellationToken)
    {
        long changed = 0;
        var page = new List<RedisKey>(KeysPerCall);
        try
        {
            var server = await connection.ServerAsync(cancellationToken);
            await foreach (var key in server.KeysAsync(pattern: OnlineKey.Prefix + view + ":*", pageSize: PageKeys).WithCancellation(cancellationToken))
            {
                page.Add(key);
                if (page.Count == KeysPerCall)
                {
                    changed += await ChangeAsync(page, stays, cancellationToken);
                    page.Clear();
                }
            }
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw new OnlineStoreException($"The online store does not answer ({error.GetType().Name}).", error);
        }

        return changed + await ChangeAsync(page, stays, cancellationToken);
    }

    private async Task<long> ChangeAsync(List<RedisKey> page, Func<byte[], long?> stays, CancellationToken cancellationToken)
    {
        var headers = await store.CallAsync(database => Task.WhenAll(page.Select(key => database.StringGetRangeAsync(key, 0, HeaderBytes - 1))), cancellationToken);
        var (keys, seen, wanted) = (new List<RedisKey>(), new List<RedisValue>(), new List<RedisValue>());
        for (var i = 0; i < page.Count; i++)
        {
            if ((byte[]?)headers[i] is { Length: HeaderBytes } header && stays(header) is { } milliseconds)
            {
                keys.Add(page[i]);
                seen.Add(header);
                wanted.Add(milliseconds);
            }
        }

        return keys.Count == 0 ? 0 : (long)await store.CallAsync(database => database.ScriptEvaluateAsync(Change, [.. keys], [.. seen, .. wanted]), cancellationToken);
    }
}
