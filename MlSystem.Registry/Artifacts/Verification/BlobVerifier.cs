using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Artifacts.Stores;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Artifacts.Verification;

/// <summary>Finds contents that something references and that the store has not, or not as they were stored.</summary>
internal sealed class BlobVerifier(RegistryDatabase database, IBlobBackend store)
{
    private const int PageSize = 1000;
    private const int MaxTold = 1000;
    private const int MaxNames = 10;

    /// <summary>How many contents are asked for at the same time: a remote store answers in tens of milliseconds.</summary>
    private const int Parallel = 8;

    /// <param name="content">Whether every content is read and hashed.</param>
    public async Task<VerificationReport> VerifyAsync(bool content, CancellationToken cancellationToken)
    {
        var (told, count, bytes, damaged, last) = (new List<DamagedBlob>(), 0L, 0L, 0L, "");
        while (true)
        {
            var page = await ReferencedAsync(last, cancellationToken);
            var found = new DamagedBlob?[page.Count];
            await System.Threading.Tasks.Parallel.ForAsync(
                0, page.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken },
                async (i, cancel) => found[i] = await CheckAsync(page[i], content, cancel));
            foreach (var problem in found.OfType<DamagedBlob>())
            {
                damaged++;
                if (told.Count < MaxTold)
                {
                    told.Add(problem);
                }
            }

            (count, bytes) = (count + page.Count, bytes + page.Sum(blob => blob.SizeBytes));
            if (page.Count < PageSize)
            {
                return new(content, count, bytes, damaged, told);
            }

            last = page[^1].Sha256;
        }
    }

    private async Task<List<Blob>> ReferencedAsync(string last, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return await db.Artifacts.Where(a => a.Sha256 != null).Select(a => new { Sha256 = a.Sha256!, a.SizeBytes })
            .Union(db.VersionFiles.Select(f => new { f.Sha256, f.SizeBytes }))
            .Where(b => string.Compare(b.Sha256, last) > 0).OrderBy(b => b.Sha256).Take(PageSize)
            .Select(b => new Blob(b.Sha256, b.SizeBytes)).ToListAsync(cancellationToken);
    }

    private async Task<DamagedBlob?> CheckAsync(Blob blob, bool content, CancellationToken cancellationToken)
    {
        var size = await store.SizeAsync(blob.Sha256, cancellationToken);
        if (size is null)
        {
            return await ProblemAsync(blob, "missing", "The store has no such content.", cancellationToken);
        }

        if (size != blob.SizeBytes)
        {
            return await ProblemAsync(blob, "truncated", string.Create(CultureInfo.InvariantCulture, $"The store has {size} of {blob.SizeBytes} bytes."), cancellationToken);
        }

        if (!content)
        {
            return null;
        }

        await using var stream = new RemoteStream(store, blob.Sha256, blob.SizeBytes);
        var actual = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        return actual == blob.Sha256 ? null : await ProblemAsync(blob, "altered", $"What the store has is {actual}.", cancellationToken);
    }

    /// <summary>Null where by now nothing references it: what was collected meanwhile is no damage.</summary>
    private async Task<DamagedBlob?> ProblemAsync(Blob blob, string kind, string message, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var artifacts = await db.Artifacts.Where(a => a.Sha256 == blob.Sha256).OrderBy(a => a.Path).Select(a => a.Path).Take(MaxNames).ToListAsync(cancellationToken);
        var versions = await db.VersionFiles.Where(f => f.Sha256 == blob.Sha256).Join(db.Models, f => f.ModelId, m => m.ModelId, (f, m) => new { m.Name, f.Version, f.Path })
            .OrderBy(f => f.Name).ThenBy(f => f.Version).ThenBy(f => f.Path).Take(MaxNames).ToListAsync(cancellationToken);
        return artifacts.Count + versions.Count == 0 ? null : new(
            blob.Sha256, blob.SizeBytes, kind, message, artifacts, versions.ConvertAll(f => string.Create(CultureInfo.InvariantCulture, $"models/{f.Name}/versions/{f.Version}/files/{f.Path}")));
    }
}
