using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Files <c>{folder}/ab/abcdef…</c>: renamed from a flushed file on the same file system, then the folder is flushed.</summary>
internal sealed class LocalBlobs(string folder) : IBlobBackend
{
    // At most 256: the folders whose names this process has flushed.
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    public string PathOf(string sha256) => Path.Combine(folder, sha256[..2], sha256);

    public Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task PublishAsync(string file, Blob blob, CancellationToken cancellationToken)
    {
        var target = PathOf(blob.Sha256);
        var parent = Path.GetDirectoryName(target)!;
        if (!_durable.ContainsKey(parent))
        {
            // Not only where it is missing: another upload, or a process that was killed, may have made it and not flushed it yet.
            Directory.CreateDirectory(parent);
            DurableFolder.Flush(folder);
            _durable[parent] = true;
        }

        // Another upload of the same content may be first: the content is equal, so either name is right.
        File.Move(file, target, overwrite: true);
        DurableFolder.Flush(parent);
        return Task.CompletedTask;
    }

    public Task<Stream> OpenReadAsync(string sha256, long offset, CancellationToken cancellationToken)
    {
        var stream = OpenRead(sha256);
        stream.Position = offset;
        return Task.FromResult(stream);
    }

    public Stream OpenRead(string sha256)
    {
        try
        {
            return new FileStream(
                PathOf(sha256), new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw BlobNames.Missing(sha256, error);
        }
    }

    public Task<long?> SizeAsync(string sha256, CancellationToken cancellationToken) => Task.FromResult(Size(sha256));

    public long? Size(string sha256) => new FileInfo(PathOf(sha256)) is { Exists: true } file ? file.Length : null;

    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var parent in new DirectoryInfo(folder).EnumerateDirectories("??"))
        {
            foreach (var file in parent.EnumerateFiles())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (BlobNames.Hash(file.Name, 0) is { } hash)
                {
                    yield return new(hash, file.Length, new(file.LastWriteTimeUtc));
                }
            }
        }
    }

    public Task DeleteAsync(string sha256, CancellationToken cancellationToken)
    {
        try
        {
            File.Delete(PathOf(sha256));
        }
        catch (DirectoryNotFoundException)
        {
            // Never written.
        }

        return Task.CompletedTask;
    }
}
