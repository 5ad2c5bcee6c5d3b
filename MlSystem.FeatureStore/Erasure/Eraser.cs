using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Consistency;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;
using MlSystem.FeatureStore.Streams;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>
/// Erases an entity: first its tombstone, which every writer respects, then its rows in every store; every step can be done again. At the end its
/// key is taken out of the job, too; the hash of it stays.
/// </summary>
public sealed partial class Eraser(
    CatalogStore catalog, Tombstones tombstones, OnlineEraser online, OfflineEraser offline, OfflineProgress progress, OfflineCleaner cleaner, StreamViews streams, ReadLogFiles reads, ErasedReads erasedReads, OfflineManifest manifest,
    IDbContextFactory<FeatureStoreContext> contexts, IOptions<ErasureOptions> options, IOptions<FeatureStoreOptions> store, IOptions<EventLogOptions> log, TimeProvider time, ILogger<Eraser> logger)
    : IJobHandler
{
    public const string JobKind = "erasure";

    public string Kind => JobKind;

    /// <summary>They are the record of what was erased.</summary>
    public int Keep => 1_000_000;

    public bool NeverGivesUp => true;

    public async Task RunAsync(JobRun job, CancellationToken cancellationToken)
    {
        var request = ErasureRequest.Of(job.Request);
        if (request.Key is null)
        {
            // Done, but for saying so.
            return;
        }

        var known = await catalog.RefreshAsync(cancellationToken);
        var views = ErasedViews.Of(known, request.Entity, request.Key);

        await streams.CatchUpAsync(views.Select(view => view.View), cancellationToken);

        // What was acknowledged before goes to Parquet first, to be counted and removed there instead of being left out unseen.
        await progress.CatchUpAsync(cancellationToken);
        var cutoffUs = await EntombAsync(job, request, job.CreatedAtUs, cancellationToken);

        foreach (var view in views)
        {
            await RemoveStateAsync(known, view, cancellationToken);
        }

        if (!await manifest.IsAloneAsync(cancellationToken))
        {
            // Until every replica knows the tombstone, and what it was writing without is written.
            await Task.Delay(Tombstones.Period * 3, time, cancellationToken);
        }

        // What is under way in this replica has either asked the tombstones or is in the event log, and so in Parquet now.
        await progress.CatchUpAsync(cancellationToken);
        foreach (var view in views)
        {
            cutoffUs = Math.Max(cutoffUs, await offline.NewestUsAsync(view.View, view.Parts, cancellationToken) ?? cutoffUs);
        }

        await EntombAsync(job, request, cutoffUs, cancellationToken);
        var result = ErasureResult.Of(job.Progress) with { Cutoff = UnixTime.FromMicroseconds(cutoffUs) };
        foreach (var view in views)
        {
            result = await EraseAsync(view, cutoffUs, result, cancellationToken);
            await job.SaveAsync(result.Text(), cancellationToken);
        }

        result = result with { ReadLogRows = result.ReadLogRows + await reads.RemoveAsync(erasedReads.IsErased, cancellationToken), Remains = await RemainsAsync(views, cancellationToken) };
        await job.SaveAsync(result.Text(), cancellationToken);
        await job.ReplaceRequestAsync((request with { Key = null }).Text(), cancellationToken);
        LogErased(request.Entity, request.KeyHash, job.CreatedBy, job.Id);
    }

    /// <summary>Makes the tombstone, or moves its cutoff to a later time.</summary>
    private async Task<long> EntombAsync(JobRun job, ErasureRequest request, long cutoffUs, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var nowUs = UnixTime.Microseconds(time.GetUtcNow());
        var row = await context.ErasedEntities.SingleOrDefaultAsync(erased => erased.JobId == job.Id, cancellationToken);
        if (row is null)
        {
            context.ErasedEntities.Add(row = new ErasedEntityRow
            {
                Entity = request.Entity,
                KeyHash = request.KeyHash,
                CutoffUs = cutoffUs,
                ErasedAtUs = nowUs,
                ExpiresAtUs = nowUs + UnixTime.Microseconds(TimeSpan.FromDays(options.Value.TombstoneDays)),
                JobId = job.Id,
            });
        }

        row.CutoffUs = Math.Max(row.CutoffUs, cutoffUs);
        await context.SaveChangesAsync(cancellationToken);
        await tombstones.RefreshAsync(cancellationToken);
        return row.CutoffUs;
    }

    /// <summary>Parquet first: a rebuild or a materialization that began before can bring back online only what it has read before.</summary>
    private async Task<ErasureResult> EraseAsync(ErasedViews view, long cutoffUs, ErasureResult result, CancellationToken cancellationToken)
    {
        var online1 = await RemoveOnlineAsync(view, cutoffUs, cancellationToken);
        var (rows, files) = await offline.RemoveAsync(view.View, view.Parts, cutoffUs, cancellationToken);
        files += await offline.RemoveSetAsideAsync(view.View, view.Parts, cutoffUs, cancellationToken);
        var before = result.Views.FirstOrDefault(known => known.FeatureView == view.View.Name) ?? new ErasedView(view.View.Name, 0, 0, 0);
        var now = before with
        {
            OnlineRows = before.OnlineRows + online1 + await RemoveOnlineAsync(view, cutoffUs, cancellationToken),
            OfflineRows = before.OfflineRows + rows,
            FilesRewritten = before.FilesRewritten + files,
        };
        return result with { Views = [.. result.Views.Where(known => known.FeatureView != now.FeatureView), now] };
    }

    /// <summary>What the entity's events have become in the aggregates of a stream feature view.</summary>
    private async Task RemoveStateAsync(Catalog known, ErasedViews view, CancellationToken cancellationToken)
    {
        if (known.StreamViews.ContainsKey(view.View.Name))
        {
            foreach (var key in await offline.KeysAsync(view.View, view.Parts, cancellationToken))
            {
                await streams.RemoveEntityAsync(view.View, key, cancellationToken);
            }
        }
    }

    private Task<long> RemoveOnlineAsync(ErasedViews view, long cutoffUs, CancellationToken cancellationToken) => online.RemoveAsync(view.View, view.Parts, cutoffUs, cancellationToken);

    private async Task<IReadOnlyList<Remainder>> RemainsAsync(IReadOnlyList<ErasedViews> views, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var remains = new List<Remainder>
        {
            new("event_log", Topics.Features, now + log.Value.RetentionAge, "rows stay until the log's retention removes them; every reader of them leaves them out"),
            new("online_store_log", "append-only file and snapshots", null, "removed keys leave them when the server rewrites them"),
        };
        foreach (var view in views)
        {
            var replaced = await cleaner.RemoveReplacedAsync(view.View.Name, cancellationToken);
            if (replaced.Count > 0)
            {
                remains.Add(new("replaced_files", view.View.Name, now + TimeSpan.FromSeconds(store.Value.OfflineRetentionSeconds), $"{replaced.Count} files stay until their readers are done"));
            }
        }

        remains.AddRange(views.Select(view => view.View.Definition.Source).OfType<string>().Distinct(StringComparer.Ordinal)
            .Select(source => new Remainder("source", source, null, "belongs to whoever feeds it; rows from before the erasure don't come in from it again")));
        remains.AddRange(options.Value.Backups.Select(backup => new Remainder("backup", backup.Name, now + TimeSpan.FromDays(backup.RetentionDays), "is not touched; after a restore erase again")));
        return remains;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Erased {Entity} {KeyHash} for {Principal} (erasure {Id})")]
    private partial void LogErased(string entity, string keyHash, string principal, string id);
}
