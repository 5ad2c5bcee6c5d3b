using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace MlSystem.Registry.Artifacts;

/// <summary>Uploads under way: files with a name of their own, flushed and hashed, on the file system of the local blobs.</summary>
internal sealed class UploadSpool
{
    private const int BlockBytes = 512 * 1024;
    private static readonly TimeSpan TemporaryFileLife = TimeSpan.FromDays(1);
    private readonly string _folder;
    private readonly TimeProvider _time;

    public UploadSpool(string folder, TimeProvider time)
    {
        _time = time;
        _folder = Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>Streams content to a file; when it returns, the file is durable. Disposing removes it where it still is.</summary>
    public async Task<SpooledUpload> ReceiveAsync(PipeReader content, CancellationToken cancellationToken)
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

    private static async Task<Blob> HashToFileAsync(PipeReader content, string file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var target = File.OpenHandle(file, FileMode.CreateNew, FileAccess.Write);
        var size = 0L;
        while (true)
        {
            // The next bytes arrive while these are hashed and written, straight from the buffers that they were received in.
            var result = await content.ReadAtLeastAsync(BlockBytes, cancellationToken);
            var block = result.Buffer;
            try
            {
                await KeepAsync(block, hash, target, size);
                size += block.Length;
            }
            finally
            {
                // Also when the disk is full: what the caller still sends can then be skipped, and the caller reads the answer.
                content.AdvanceTo(block.End);
            }

            if (result.IsCompleted)
            {
                break;
            }
        }

        await Task.Run(() => RandomAccess.FlushToDisk(target), cancellationToken);
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()), size);
    }

    /// <summary>Hashes and writes a block at the same time; when it returns or throws, nothing reads it any more.</summary>
    private static async Task KeepAsync(ReadOnlySequence<byte> block, IncrementalHash hash, SafeFileHandle target, long at)
    {
        if (block.IsEmpty)
        {
            return;
        }

        var write = Task.Run(() => Write(target, block, at), CancellationToken.None);
        try
        {
            Hash(hash, block);
        }
        finally
        {
            await write;
        }
    }

    private static void Hash(IncrementalHash hash, ReadOnlySequence<byte> block)
    {
        foreach (var segment in block)
        {
            hash.AppendData(segment.Span);
        }
    }

    private static void Write(SafeFileHandle target, ReadOnlySequence<byte> block, long offset)
    {
        var segments = new List<ReadOnlyMemory<byte>>();
        foreach (var segment in block)
        {
            segments.Add(segment);
        }

        RandomAccess.Write(target, segments, offset);

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
