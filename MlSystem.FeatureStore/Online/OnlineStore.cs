using StackExchange.Redis;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online.Packing;
using MlSystem.FeatureStore.Online.Retention;

namespace MlSystem.FeatureStore.Online;

/// <summary>Packed rows in a Redis-protocol server. Any failure of it is an <see cref="OnlineStoreException"/>.</summary>
public sealed class OnlineStore(OnlineConnection connection, OnlineState state, RowLife life, Tombstones tombstones)
{
    /// <summary>Present and beginning with <c>ready</c> while the server holds everything; gone with the data when it loses it.</summary>
    private const string MarkerKey = OnlineKey.Prefix + ":state";

    /// <summary>Everything that the event log had before this time is applied (microseconds since 1970-01-01T00:00:00Z).</summary>
    private const string AppliedKey = OnlineKey.Prefix + ":applied_until_us";

    private const string Ready = "ready:";

    /// <summary>Rows of one script call: long enough to spare round trips, short enough not to block the server's other clients.</summary>
    private const int RowsPerCall = 128;

    /// <summary>
    /// Keeps a stored row that is newer: the first 16 bytes are event time, then created time, and compare as bytes (not with &lt;, which is
    /// locale-dependent in Lua). The second half of the arguments are the milliseconds that the rows stay, 0 for ever.
    /// </summary>
    private const string WriteNewer = """
        local written = 0
        for i = 1, #KEYS do
          local new = ARGV[i]
          local old = redis.call('GETRANGE', KEYS[i], 0, 15)
          local newer = #old < 16
          if not newer then
            for b = 1, 16 do
              local x, y = string.byte(new, b), string.byte(old, b)
              if x ~= y then
                newer = x > y
                break
              end
            end
          end
          if newer then
            local stays = ARGV[#KEYS + i]
            if stays == '0' then
              redis.call('SET', KEYS[i], new)
            else
              redis.call('SET', KEYS[i], new, 'PX', stays)
            end
            written = written + 1
          end
        end
        return written
        """;

    private const string CompareAndSet = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0";

    /// <summary>Reads packed rows in one round trip. The last element of <paramref name="keys"/> is left for the store's own marker.</summary>
    /// <exception cref="OnlineStoreException">The server does not answer in time or has lost data.</exception>
    public async ValueTask<RedisValue[]> ReadAsync(RedisKey[] keys, CancellationToken cancellationToken)
    {
        if (state.NotReadyReason is { } reason)
        {
            throw new OnlineStoreException($"The online store can't be read: {reason}.");
        }

        keys[^1] = MarkerKey;
        var values = await CallAsync(database => database.StringGetAsync(keys), cancellationToken);
        if (!IsReady(values[^1]))
        {
            state.Lost("it has lost its data, which is being rebuilt");
            throw new OnlineStoreException("The online store has lost its data, which is being rebuilt.");
        }

        return values;
    }

    /// <summary>
    /// Writes rows unless the store has a newer one of the entity; when the task completes they can be read. Rows whose time in the store
    /// (<see cref="RowLife"/>) is over are left out.
    /// </summary>
    /// <returns>How many were newer than what the store had.</returns>
    public async Task<long> WriteAsync(IReadOnlyList<FeatureRow> rows, CancellationToken cancellationToken)
    {
        var generation = tombstones.Generation;
        rows = tombstones.IsEmpty ? rows : [.. rows.Where(row => !tombstones.IsErased(row.View, row.Keys, row.EventUs))];
        var written = await SendAsync(rows, cancellationToken);
        if (tombstones.Generation != generation && rows.Where(row => tombstones.IsErased(row.View, row.Keys, row.EventUs)).ToArray() is { Length: > 0 } erased)
        {
            // Erased while they were on their way: the erasure may have removed the entity's key before it was written here.
            await CallAsync(database => database.KeyDeleteAsync([.. erased.Select(row => (RedisKey)OnlineKey.Of(row))]), cancellationToken);
        }

        return written;
    }

    private async Task<long> SendAsync(IReadOnlyList<FeatureRow> rows, CancellationToken cancellationToken)
    {
        var calls = new List<Task<RedisResult>>((rows.Count / RowsPerCall) + 1);
        var written = await CallAsync(
            async database =>
            {
                for (var start = 0; start < rows.Count; start += RowsPerCall)
                {
                    var (keys, values) = Pack(rows, start, Math.Min(RowsPerCall, rows.Count - start));
                    if (keys.Length > 0)
                    {
                        calls.Add(database.ScriptEvaluateAsync(WriteNewer, keys, values));
                    }
                }

                return await Task.WhenAll(calls);
            },
            cancellationToken);
        return written.Sum(result => (long)result);
    }

    /// <summary>Whether the store holds all that it ever acknowledged, but for what it lost behind <c>AppliedUntilUs</c>.</summary>
    public async Task<(bool IsReady, long? AppliedUntilUs)> CheckAsync(CancellationToken cancellationToken)
    {
        RedisKey[] keys = [MarkerKey, AppliedKey];
        var values = await CallAsync(database => database.StringGetAsync(keys), cancellationToken);
        return (IsReady(values[0]), (long?)values[1]);
    }

    public Task BeginRebuildAsync(string rebuild, CancellationToken cancellationToken) =>
        CallAsync(database => database.StringSetAsync(MarkerKey, "rebuilding:" + rebuild), cancellationToken);

    /// <returns>False when the store lost data since <see cref="BeginRebuildAsync"/>, or another replica rebuilds too.</returns>
    public async Task<bool> EndRebuildAsync(string rebuild, CancellationToken cancellationToken) =>
        (long)await CallAsync(
            database => database.ScriptEvaluateAsync(CompareAndSet, [MarkerKey], ["rebuilding:" + rebuild, Ready + rebuild]),
            cancellationToken) == 1;

    public Task MarkAppliedUntilAsync(long microseconds, CancellationToken cancellationToken) =>
        CallAsync(database => database.StringSetAsync(AppliedKey, microseconds), cancellationToken);

    private static bool IsReady(RedisValue marker) => marker.StartsWith(Ready);

    private (RedisKey[] Keys, RedisValue[] Values) Pack(IReadOnlyList<FeatureRow> rows, int start, int count)
    {
        var (keys, values, stays) = (new List<RedisKey>(count), new List<RedisValue>(count * 2), new List<RedisValue>(count));
        for (var i = start; i < start + count; i++)
        {
            if (life.MillisecondsLeft(rows[i].View, rows[i].EventUs) is >= 0 and var left)
            {
                keys.Add(OnlineKey.Of(rows[i]));
                values.Add(RowPacker.Pack(rows[i]));
                stays.Add(left);
            }
        }

        values.AddRange(stays);
        return ([.. keys], [.. values]);
    }

    /// <exception cref="OnlineStoreException">The server does not answer in time.</exception>
    internal async Task<T> CallAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            var database = await connection.DatabaseAsync(cancellationToken).AsTask().WaitAsync(connection.Timeout + connection.Timeout, cancellationToken);
            return await call(database).WaitAsync(connection.Timeout, cancellationToken);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or ObjectDisposedException)
        {
            throw new OnlineStoreException($"The online store does not answer ({error.GetType().Name}).", error);
        }
    }
}
