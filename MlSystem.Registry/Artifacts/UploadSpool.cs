using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace MlSystem.Registry.Artifacts;

/// <summary>Uploads under way: files with a name of their own, flushed and hashed, on the file system of the local blobs.</summary>
internal sealed class UploadSpool
{
    private const int BufferBytes = 512 * 1024;
    private static readonly TimeSpan TemporaryFileLife = TimeSpan.FromDays(1);
    private readonly string _folder;
    private readonly TimeProvider _time;

    public UploadSpool(string folder, TimeProvider time)
    {
        _time = time;
        _folder = Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>Streams content to a file; when it returns, the file is durable. Disposing removes it where it still is.</summary>
    public async Task<SpooledUpload> ReceiveAsync(Stream content, CancellationToken cancellationToken)
    {
        var file = Path.Combine(_folder, Guid.CreateVersion7(_time.GetUtcNow()).ToString("N"));
        try
        {
            return new(file, await HashToFileAsync(content, file, cancellationToken));
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }

    /// <summary>Removes what uploads of killed processes left. Younger files may belong to another replica's running upload.</summary>
    public void RemoveAbandoned()
    {
        var limit = _time.GetUtcNow() - TemporaryFileLife;
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles().Where(f => f.LastWriteTimeUtc < limit.UtcDateTime))
        {
            file.Delete();
        }
    }

    private static async Task<Blob> HashToFileAsync(Stream content, string file, CancellationToken cancellationToken)
    {
        // Pooled: an upload of any size costs two buffers. One is hashed and written, by a thread each, while the next bytes arrive in the other.
        var (filling, full) = (ArrayPool<byte>.Shared.Rent(BufferBytes), ArrayPool<byte>.Shared.Rent(BufferBytes));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var target = File.OpenHandle(file, FileMode.CreateNew, FileAccess.Write);
        var (size, write) = (0L, Task.CompletedTask);
        try
        {
            int read;
            while ((read = await content.ReadAtLeastAsync(filling, BufferBytes, throwOnEndOfStream: false, cancellationToken)) > 0)
            {
                await write;
                (filling, full) = (full, filling);
                var (block, at) = (full.AsMemory(0, read), size);
                write = Task.WhenAll(Task.Run(() => hash.AppendData(block.Span), CancellationToken.None), Task.Run(() => Write(target, block.Span, at), CancellationToken.None));
                size += read;
            }

            await write;
            await Task.Run(() => RandomAccess.FlushToDisk(target), cancellationToken);
            return new(Convert.ToHexStringLower(hash.GetHashAndReset()), size);
        }
        finally
        {
            // The buffer must not go back while it is still read.
            await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ArrayPool<byte>.Shared.Return(filling);
            ArrayPool<byte>.Shared.Return(full);
        }
    }

    private static void Write(SafeFileHandle target, ReadOnlySpan<byte> block, long offset)
    {
        RandomAccess.Write(target, block, offset);

        // The disk begins now instead of at the flush.
        DurableFolder.BeginFlush(target, offset, block.Length);
    }
}

/// <summary>A received content in its file.</summary>
internal sealed record SpooledUpload(string File, Blob Blob) : IAsyncDisposable
{
    public ValueTask DisposeAsync()
    {
        // Gone already where the store took the file itself.
        System.IO.File.Delete(File);
        return ValueTask.CompletedTask;
    }
}
