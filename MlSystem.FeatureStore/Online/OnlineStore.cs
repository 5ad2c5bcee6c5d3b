using StackExchange.Redis;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Ingestion;
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
    /// <param name="first">Tells whether the entities are likely new to the store, in a long series of writes.</param>
    /// <returns>How many were newer than what the store had.</returns>
    public async Task<long> WriteAsync(IReadOnlyList<OnlineRow> rows, CancellationToken cancellationToken, FirstWrites? first = null)
    {
        var generation = tombstones.Generation;
        rows = tombstones.IsEmpty ? rows : [.. rows.Where(row => !IsErased(row))];
        var written = await SendAsync(rows, first, cancellationToken);
        if (tombstones.Generation != generation && rows.Where(IsErased).ToArray() is { Length: > 0 } erased)
        {
            // Erased while they were on their way: the erasure may have removed the entity's key before it was written here.
            await CallAsync(database => database.KeyDeleteAsync(Array.ConvertAll(erased, row => (RedisKey)row.Key)), cancellationToken);
        }

        return written;
    }

    /// <inheritdoc cref="WriteAsync(IReadOnlyList{OnlineRow}, CancellationToken, FirstWrites?)"/>
    public Task<long> WriteAsync(IReadOnlyList<FeatureRow> rows, CancellationToken cancellationToken) =>
        WriteAsync([.. rows.Select(OnlineRow.Of)], cancellationToken);

    private bool IsErased(OnlineRow row)
    {
        var keys = OnlineKey.Split(row.View, row.Key);
        return tombstones.IsErased(row.View, index => tombstones.Hash(keys[index]), row.EventUs);
    }

    private async Task<long> SendAsync(IReadOnlyList<OnlineRow> rows, FirstWrites? first, CancellationToken cancellationToken)
    {
        var lives = rows.Select(row => life.MillisecondsLeft(row.View, row.EventUs)).ToArray();
        int[] sent = [.. Enumerable.Range(0, lives.Length).Where(row => lives[row] >= 0)];
        if (first is not { AreLikely: true })
        {
            return await SendNewerAsync(rows, lives, sent, cancellationToken);
        }

        var refused = await SendNewAsync(rows, lives, sent, cancellationToken);
        first.Note(sent.Length, refused.Length);
        return sent.Length - refused.Length + await SendNewerAsync(rows, lives, refused, cancellationToken);
    }

    /// <summary>Writes rows of entities that the store does not have; where rows stay for ever, in one command for many: none of them or all.</summary>
    /// <returns>The rows that were refused.</returns>
    private async Task<int[]> SendNewAsync(IReadOnlyList<OnlineRow> rows, long[] lives, int[] sent, CancellationToken cancellationToken)
    {
        var calls = sent.Chunk(sent.All(row => lives[row] == 0) ? RowsPerCall : 1).ToArray();
        var taken = await CallAsync(
            database => Task.WhenAll(calls.Select(call => call.Length == 1
                ? database.StringSetAsync(rows[call[0]].Key, rows[call[0]].Value, Life(lives[call[0]]), when: When.NotExists)
                : database.StringSetAsync(Array.ConvertAll(call, row => KeyValuePair.Create((RedisKey)rows[row].Key, (RedisValue)rows[row].Value)), When.NotExists))),
            cancellationToken);
        return [.. calls.Where((_, index) => !taken[index]).SelectMany(call => call)];
    }

    private async Task<long> SendNewerAsync(IReadOnlyList<OnlineRow> rows, long[] lives, int[] sent, CancellationToken cancellationToken)
    {
        if (sent.Length == 0)
        {
            return 0;
        }

        var written = await CallAsync(
            database => Task.WhenAll(sent.Chunk(RowsPerCall).Select(call => database.ScriptEvaluateAsync(
                WriteNewer,
                Array.ConvertAll(call, row => (RedisKey)rows[row].Key),
                [.. call.Select(row => (RedisValue)rows[row].Value), .. call.Select(row => (RedisValue)lives[row])]))),
            cancellationToken);
        return written.Sum(result => (long)result);
    }

    private static TimeSpan? Life(long milliseconds) => milliseconds == 0 ? null : TimeSpan.FromMilliseconds(milliseconds);

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
