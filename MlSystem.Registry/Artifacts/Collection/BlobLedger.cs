using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Artifacts.Collection;

/// <summary>
/// One row a blob: whoever stores, references or removes a content takes its row first, so that these never pass each other. A row says when its
/// content was last used; younger than the grace period, it is not collected.
/// </summary>
internal sealed class BlobLedger(RegistryDatabase database, TimeProvider time)
{
    /// <summary>Before a content goes to the store: from here on it is not collected for the grace period.</summary>
    public Task ProtectAsync(Blob blob, CancellationToken cancellationToken) => database.WriteAsync(
        db => Upsert.RowsAsync(
            db, "blobs", ["sha256", "size_bytes", "used_at"], "(sha256) DO UPDATE SET used_at = excluded.used_at", [[blob.Sha256, blob.SizeBytes, time.GetUtcNow().ToUnixTimeMilliseconds()]], cancellationToken),
        cancellationToken);

    /// <summary>In the transaction that references contents: locks their rows until it ends.</summary>
    public static async Task ReferenceAsync(RegistryContext db, IEnumerable<string> hashes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var used = now.ToUnixTimeMilliseconds();
        var distinct = hashes.Distinct(StringComparer.Ordinal).ToList();
        if (await db.Blobs.Where(b => distinct.Contains(b.Sha256)).ExecuteUpdateAsync(b => b.SetProperty(x => x.UsedAt, used), cancellationToken) != distinct.Count)
        {
            throw new ErrorAnswerException(StatusCodes.Status503ServiceUnavailable, "The content was deleted while it was being referenced; try again.");
        }
    }
}
