using System.Buffers.Binary;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>Removes an entity's rows from the online store.</summary>
public sealed class OnlineEraser(OnlineConnection connection, OnlineStore store)
{
    private const int PageKeys = 1_000;

    /// <summary>Removes what is not newer than the cutoff: the first 8 bytes are the event time, and compare as bytes.</summary>
    private const string Remove = """
        local removed = 0
        for i = 1, #KEYS do
          local old = redis.call('GETRANGE', KEYS[i], 0, 7)
          local newer = false
          for b = 1, #old do
            local x, y = string.byte(ARGV[1], b), string.byte(old, b)
            if x ~= y then
              newer = y > x
              break
            end
          end
          if #old > 0 and not newer then
            removed = removed + redis.call('DEL', KEYS[i])
          end
        end
        return removed
        """;

    /// <param name="parts">Position of a join key of the view → value as text: all of them, or those of one of several entities.</param>
    /// <returns>Rows removed.</returns>
    /// <exception cref="OnlineStoreException">The server does not answer.</exception>
    public async Task<long> RemoveAsync(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, long cutoffUs, CancellationToken cancellationToken)
    {
        if (parts.Count == view.JoinKeys.Count)
        {
            FeatureValue[] keys = [.. Enumerable.Range(0, parts.Count).Select(index => parts[index])];
            return await RemoveAsync([OnlineKey.Of(view, keys)], cutoffUs, cancellationToken);
        }

        long removed = 0;
        var found = new List<RedisKey>();
        try
        {
            var server = await connection.ServerAsync(cancellationToken);
            await foreach (var key in server.KeysAsync(pattern: $"{OnlineKey.Prefix}{view.Name}:*", pageSize: PageKeys).WithCancellation(cancellationToken))
            {
                if (IsOf(view, parts, key.ToString()))
                {
                    found.Add(key);
                }
            }
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw new OnlineStoreException($"The online store does not answer ({error.GetType().Name}).", error);
        }

        foreach (var some in found.Chunk(128))
        {
            removed += await RemoveAsync(some, cutoffUs, cancellationToken);
        }

        return removed;
    }

    public async Task<long> RemoveAsync(RedisKey[] keys, long cutoffUs, CancellationToken cancellationToken)
    {
        var cutoff = new byte[sizeof(long)];
        BinaryPrimitives.WriteUInt64BigEndian(cutoff, (ulong)cutoffUs ^ (1UL << 63));
        return (long)await store.CallAsync(database => database.ScriptEvaluateAsync(Remove, keys, [cutoff]), cancellationToken);
    }

    private static bool IsOf(FeatureView view, IReadOnlyDictionary<int, FeatureValue> parts, string key)
    {
        var texts = OnlineKey.Split(key.AsSpan((OnlineKey.Prefix + view.Name).Length + 1));
        return texts.Count == view.JoinKeys.Count && parts.All(part => texts[part.Key] == KeyText.Of(view.JoinKeys[part.Key].Datatype, part.Value));
    }
}
