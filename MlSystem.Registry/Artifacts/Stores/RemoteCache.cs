using System.Security.Cryptography;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>
/// Remote blobs on the local disk, for what needs a path. A caller gets a second name (hard link) of the cached file, so that a file may leave
/// the cache at any time; the least recently used leave first.
/// </summary>
internal sealed class RemoteCache(IBlobBackend backend, string folder, long maxBytes, TimeProvider time)
{
    private static readonly TimeSpan FetchLife = TimeSpan.FromDays(1);

    /// <summary>Gives a blob the name <paramref name="target"/>; its content was checked against its hash when it was fetched.</summary>
    public async Task LinkAsync(string sha256, string target, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var cached = Path.Combine(folder, sha256);
        if (!TryLink(cached, target))
        {
            await FetchAsync(sha256, cached, target, cancellationToken);
        }

        Trim();
    }

    private bool TryLink(string cached, string target)
    {
        try
        {
            File.SetLastWriteTimeUtc(cached, time.GetUtcNow().UtcDateTime);
            DurableFolder.LinkOrCopy(cached, target);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    private async Task FetchAsync(string sha256, string cached, string target, CancellationToken cancellationToken)
    {
        var temporary = $"{cached}.{Guid.CreateVersion7(time.GetUtcNow()):N}.tmp";
        try
        {
            await using (var source = await backend.OpenReadAsync(sha256, 0, cancellationToken))
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                await source.CopyToAsync(file, cancellationToken);
                file.Position = 0;
                if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken)) != sha256)
                {
                    throw new InvalidDataException($"The store gave another content for blob {sha256}.");
                }
            }

            DurableFolder.LinkOrCopy(temporary, target);
            File.Move(temporary, cached, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private void Trim()
    {
        // What a killed process was fetching.
        var abandoned = (time.GetUtcNow() - FetchLife).UtcDateTime;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*.tmp").Where(f => f.LastWriteTimeUtc < abandoned))
        {
            file.Delete();
        }

        var files = new DirectoryInfo(folder).GetFiles().Where(f => BlobNames.Hash(f.Name, 0) is not null).OrderByDescending(f => f.LastWriteTimeUtc).ToList();
        var kept = 0L;
        foreach (var file in files)
        {
            kept += file.Exists ? file.Length : 0;
            if (kept > maxBytes)
            {
                file.Delete();
            }
        }
    }
}
