using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Win32.SafeHandles;

namespace MlSystem.Registry.Artifacts;

/// <summary>
/// Sends files of the disk in large blocks that are read straight into the server's output. The server's own way copies 16 KiB at a time,
/// which costs several times the processor time for each byte.
/// </summary>
internal sealed class FileSending(IHttpResponseBodyFeature inner) : IHttpResponseBodyFeature
{
    private const int BlockBytes = 128 * 1024;

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
            var read = Read(file, offset, end);
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

    /// <summary>Not asynchronously: there is no such read of a file on Linux, only another thread that waits in this one's place.</summary>
    private int Read(SafeFileHandle file, long offset, long end)
    {
        var block = inner.Writer.GetSpan(BlockBytes);
        return RandomAccess.Read(file, block[..(int)Math.Min(Math.Min(block.Length, BlockBytes), end - offset)], offset);
    }

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => inner.CompleteAsync();
}
