using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Artifacts.Stores;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Artifacts.Collection;

/// <summary>
/// Removes blobs that nothing references and that nobody used for the grace period. What it decides it decides again with the blob's row locked:
/// an upload or a version of the same content is either before it, and then the blob stays, or waits for its end and stores the content anew.
/// Every removal is in the audit, in its own transaction, and so is the end of each run.
/// </summary>
internal sealed class BlobCollector(RegistryDatabase database, IBlobBackend store, IOptions<ArtifactOptions> options, TimeProvider time)
{
    private const int PageSize = 1000;
    private const int MaxTold = 1000;

    /// <summary>One pass over the ledger, and one over the store for what the ledger does not know.</summary>
    public async Task<CollectionReport> CollectAsync(bool dryRun, CancellationToken cancellationToken)
    {
        var limit = time.GetUtcNow() - TimeSpan.FromHours(options.Value.CollectAfterHours);
        var (told, count, bytes) = (new List<CollectedBlob>(), 0L, 0L);
        await foreach (var blob in CandidatesAsync(limit, cancellationToken))
        {
            if (dryRun || await RemoveAsync(blob, limit.ToUnixTimeMilliseconds(), cancellationToken))
            {
                count++;
                bytes += blob.SizeBytes;
                if (told.Count < MaxTold)
                {
                    told.Add(new(blob.Sha256, blob.SizeBytes));
                }
            }
        }

        if (!dryRun)
        {
            await database.WriteAsync(
                db =>
                {
                    db.Audit.Record("artifacts.collected", "artifacts", after: new() { ["removed"] = count, ["bytes"] = bytes });
                    return Task.CompletedTask;
                },
                cancellationToken);
        }

        return new(dryRun, count, bytes, told);
    }

    private async IAsyncEnumerable<Blob> CandidatesAsync(DateTimeOffset limit, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var before = limit.ToUnixTimeMilliseconds();
        var last = "";
        while (true)
        {
            var page = await UnreferencedAsync(before, last, cancellationToken);
            foreach (var row in page)
            {
                yield return new(row.Sha256, row.SizeBytes);
            }

            if (page.Count < PageSize)
            {
                break;
            }

            last = page[^1].Sha256;
        }

        await foreach (var chunk in ChunksAsync(limit, cancellationToken))
        {
            foreach (var stray in await UnknownAsync(chunk, cancellationToken))
            {
                yield return new(stray.Sha256, stray.SizeBytes);
            }
        }
    }

    private async Task<List<BlobRow>> UnreferencedAsync(long before, string last, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return await db.Blobs
            .Where(b => string.Compare(b.Sha256, last) > 0 && b.UsedAt < before && !db.Artifacts.Any(a => a.Sha256 == b.Sha256) && !db.VersionFiles.Any(f => f.Sha256 == b.Sha256))
            .OrderBy(b => b.Sha256).Take(PageSize).ToListAsync(cancellationToken);
    }

    /// <summary>Of blobs in the store, those that have no row: a crash between two removals, or another's hand, left them.</summary>
    private async Task<List<StoredBlob>> UnknownAsync(List<StoredBlob> stored, CancellationToken cancellationToken)
    {
        var hashes = stored.ConvertAll(b => b.Sha256);
        await using var db = database.Read();
        var known = await db.Blobs.Where(b => hashes.Contains(b.Sha256)).Select(b => b.Sha256).ToHashSetAsync(cancellationToken);
        return stored.FindAll(b => !known.Contains(b.Sha256));
    }

    private async IAsyncEnumerable<List<StoredBlob>> ChunksAsync(DateTimeOffset limit, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var chunk = new List<StoredBlob>();
        await foreach (var blob in store.ListAsync(cancellationToken))
        {
            if (blob.ModifiedAt < limit)
            {
                chunk.Add(blob);
            }

            if (chunk.Count == PageSize)
            {
                yield return chunk;
                chunk = [];
            }
        }

        yield return chunk;
    }

    private Task<bool> RemoveAsync(Blob blob, long before, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            // Takes the row, and makes the one that a stray lacks; its time stays.
            await Upsert.RowsAsync(db, "blobs", ["sha256", "size_bytes", "used_at"], "(sha256) DO UPDATE SET used_at = blobs.used_at", [[blob.Sha256, blob.SizeBytes, 0L]], cancellationToken);
            var removable = await db.Blobs.AnyAsync(
                b => b.Sha256 == blob.Sha256 && b.UsedAt < before && !db.Artifacts.Any(a => a.Sha256 == b.Sha256) && !db.VersionFiles.Any(f => f.Sha256 == b.Sha256), cancellationToken);
            if (removable)
            {
                // Before the commit: until then the row keeps others from storing the same content.
                await store.DeleteAsync(blob.Sha256, cancellationToken);
                await db.Blobs.Where(b => b.Sha256 == blob.Sha256).ExecuteDeleteAsync(cancellationToken);
                db.Audit.Record("blob.collected", $"blobs/{blob.Sha256}", new() { ["size_bytes"] = blob.SizeBytes });
            }

            return removable;
        },
        cancellationToken);
}
