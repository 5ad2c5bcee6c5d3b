using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Artifacts;

/// <summary>
/// Content-addressed files: <c>{folder}/ab/abcdef…</c>. A blob appears under its name only complete and durable
/// (temporary name, fsync, rename, fsync of the folder); the same content is stored once.
/// </summary>
internal sealed class BlobStore
{
    private const int BufferBytes = 256 * 1024;
    private static readonly TimeSpan TemporaryFileLife = TimeSpan.FromDays(1);
    private readonly string _folder;
    private readonly string _temporary;
    private readonly TimeProvider _time;

    // At most 256: the folders whose names this process has flushed.
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    public BlobStore(DataDirectory data, IOptions<ArtifactOptions> options, TimeProvider time)
    {
        _time = time;
        _folder = Directory.CreateDirectory(options.Value.Folder ?? Path.Combine(data.Own, "blobs")).FullName;
        _temporary = Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName;
    }

    public string PathOf(string sha256) => Path.Combine(_folder, sha256[..2], sha256);

    /// <summary>Streams content to disk; when it returns, the blob is durable.</summary>
    public async Task<Blob> WriteAsync(Stream content, CancellationToken cancellationToken)
    {
        var temporary = Path.Combine(_temporary, Guid.CreateVersion7(_time.GetUtcNow()).ToString("N"));
        try
        {
            var blob = await HashToFileAsync(content, temporary, cancellationToken);
            Publish(temporary, blob.Sha256);
            return blob;
        }
        finally
        {
            // Gone already when it was renamed.
            File.Delete(temporary);
        }
    }

    public Stream OpenRead(string sha256) => new FileStream(
        PathOf(sha256), new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read, Options = FileOptions.Asynchronous | FileOptions.SequentialScan });

    /// <summary>Removes what uploads of killed processes left. Younger files may belong to another replica's running upload.</summary>
    public void RemoveAbandoned()
    {
        var limit = _time.GetUtcNow() - TemporaryFileLife;
        foreach (var file in new DirectoryInfo(_temporary).EnumerateFiles().Where(f => f.LastWriteTimeUtc < limit.UtcDateTime))
        {
            file.Delete();
        }
    }

    private static async Task<Blob> HashToFileAsync(Stream content, string file, CancellationToken cancellationToken)
    {
        // Pooled: an upload of any size costs one buffer.
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var target = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 0 });
            var size = 0L;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                size += read;
            }

            RandomAccess.FlushToDisk(target.SafeFileHandle);
            return new(Convert.ToHexStringLower(hash.GetHashAndReset()), size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Publish(string temporary, string sha256)
    {
        var target = PathOf(sha256);
        var folder = Path.GetDirectoryName(target)!;
        if (!_durable.ContainsKey(folder))
        {
            // Not only where it is missing: another upload, or a process that was killed, may have made it and not flushed it yet.
            Directory.CreateDirectory(folder);
            DurableFolder.Flush(_folder);
            _durable[folder] = true;
        }

        // Another upload of the same content may be first: the content is equal, so either name is right.
        File.Move(temporary, target, overwrite: true);
        DurableFolder.Flush(folder);
    }
}

/// <summary>A stored content: its SHA-256 (64 lower-case hexadecimal digits) and size.</summary>
internal sealed record Blob(string Sha256, long SizeBytes);
