using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace MlSystem.Registry.Artifacts;

/// <summary>
/// Sends files of the disk in large blocks that are read straight into the server's output. The server's own way copies 16 KiB at a time,
/// which costs several times the processor time for each byte.
/// </summary>
internal sealed class FileSending(IHttpResponseBodyFeature inner) : IHttpResponseBodyFeature
{
    private const int BlockBytes = 128 * 1024;

    /// <summary>What of an answer may wait for the socket: the next blocks are read while earlier ones are sent.</summary>
    public const int AheadBytes = 4 * BlockBytes;

    public Stream Stream => inner.Stream;

    public PipeWriter Writer => inner.Writer;

    public static void Use(HttpContext context)
    {
        if (context.Features.Get<IHttpResponseBodyFeature>() is { } body)
        {
            context.Features.Set<IHttpResponseBodyFeature>(new FileSending(body));
        }
    }

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan);
        var end = offset + (count ?? (RandomAccess.GetLength(file) - offset));
        while (offset < end)
        {
            var block = inner.Writer.GetMemory(BlockBytes);
            var wanted = (int)Math.Min(Math.Min(block.Length, BlockBytes), end - offset);
            var read = await RandomAccess.ReadAsync(file, block[..wanted], offset, cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException($"A stored file ends at {offset} of {end} bytes.");
            }

            offset += read;
            inner.Writer.Advance(read);
            if ((await inner.Writer.FlushAsync(cancellationToken)).IsCompleted)
            {
                // The client has gone.
                return;
            }
        }
    }

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();
}
