using System.IO.Pipelines;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Tests.Hosting;

public sealed class LeavingStreamTests
{
    [Fact]
    public async Task Who_waits_for_bytes_goes_on_in_the_pool_whatever_thread_brings_them()
    {
        var used = SocketThreads.AreUsed;
        SocketThreads.AreUsed = true;
        try
        {
            var pipe = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
            await using var stream = new LeavingStream(pipe.Reader.AsStream());
            var read = ReadAsync(stream);
            var bringer = new Thread(() => pipe.Writer.WriteAsync(new byte[] { 7 }, CancellationToken.None).AsTask().GetAwaiter().GetResult());
            bringer.Start();
            Assert.Equal((1, true), await read);
            bringer.Join();
        }
        finally
        {
            SocketThreads.AreUsed = used;
        }
    }

    private static async Task<(int Bytes, bool InPool)> ReadAsync(Stream stream)
    {
        var bytes = await stream.ReadAsync(new byte[10], CancellationToken.None).ConfigureAwait(false);
        return (bytes, Thread.CurrentThread.IsThreadPoolThread);
    }
}
