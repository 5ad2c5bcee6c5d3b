using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Secrets;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>
/// Which entities are erased, in memory: every writer asks, so that a late replay of an old row brings none of them back. Other replicas' erasures are
/// known after at most <see cref="Period"/>.
/// </summary>
public sealed partial class Tombstones(IDbContextFactory<FeatureStoreContext> contexts, SaltedHash hash, CatalogStore catalog, TimeProvider time, ILogger<Tombstones> logger) : BackgroundService, IStartupTask
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // Entity → hash of its key → cutoff.
    private volatile FrozenDictionary<string, FrozenDictionary<string, long>> _current = FrozenDictionary<string, FrozenDictionary<string, long>>.Empty;
    private long _generation;

    string IStartupTask.Name => "erased entities";

    /// <summary>Changes whenever something was erased.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    public bool IsEmpty => _current.Count == 0;

    Task IStartupTask.RunAsync(CancellationToken cancellationToken) => RefreshAsync(cancellationToken);

    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var nowUs = UnixTime.Microseconds(time.GetUtcNow());
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.ErasedEntities.AsNoTracking().Where(row => row.ExpiresAtUs > nowUs).Select(row => new { row.Entity, row.KeyHash, row.CutoffUs }).ToListAsync(cancellationToken);
        var found = rows.GroupBy(row => row.Entity, StringComparer.Ordinal).ToFrozenDictionary(
            entity => entity.Key,
            entity => entity.GroupBy(row => row.KeyHash, StringComparer.Ordinal).ToFrozenDictionary(key => key.Key, key => key.Max(row => row.CutoffUs), StringComparer.Ordinal),
            StringComparer.Ordinal);
        var before = _current;
        _current = found;
        if (before.Sum(entity => entity.Value.Count) != found.Sum(entity => entity.Value.Count) || found.Any(entity => entity.Value.Any(key => before.GetValueOrDefault(entity.Key)?.GetValueOrDefault(key.Key) != key.Value)))
        {
            Interlocked.Increment(ref _generation);
        }
    }

    /// <summary>Whether a row belongs to an erased entity and is not newer than its erasure.</summary>
    public bool IsErased(FeatureView view, FeatureValue[] keys, long eventUs) =>
        !IsEmpty && IsErased(view, index => hash.Of(KeyText.Of(view.JoinKeys[index].Datatype, keys[index])), eventUs);

    /// <param name="keyHash">Position of a join key of the view → the salted hash of its value as text.</param>
    public bool IsErased(FeatureView view, Func<int, string> keyHash, long eventUs)
    {
        var (current, first) = (_current, 0);
        foreach (var entity in view.Definition.Entities)
        {
            var count = JoinKeys(entity);
            if (current.TryGetValue(entity, out var erased)
                && erased.TryGetValue(HashOf(entity, Enumerable.Range(first, count).Select(keyHash)), out var cutoffUs) && eventUs <= cutoffUs)
            {
                return true;
            }

            first += count;
        }

        return false;
    }

    public string Hash(string text) => hash.Of(text);

    /// <param name="keyHashes">Salted hashes of the join keys' values as text, in the entity's order.</param>
    public string HashOf(string entity, IEnumerable<string> keyHashes) => hash.Of($"{entity}\n{string.Join('\n', keyHashes)}");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        while (true)
        {
            await Task.Delay(Period, time, stoppingToken);
            try
            {
                await RefreshAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error);
            }
        }
    }

    private int JoinKeys(string entity) =>
        (catalog.Current.Entities.GetValueOrDefault(entity) ?? catalog.Current.RetiredEntities.GetValueOrDefault(entity))?.JoinKeys.Count ?? 0;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Erased entities could not be read")]
    private partial void LogFailed(Exception error);
}
