using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace MlSystem.Gateway.Forwarding;

/// <summary>Passes the body of a service's answer on as it comes.</summary>
internal static class ResponseBody
{
    private const int Piece = 32 << 10;

    /// <exception cref="IOException">The service broke off.</exception>
    /// <exception cref="CallerLeftException">The caller did.</exception>
    public static ValueTask CopyAsync(UpstreamConnection connection, Upstream upstream, ResponseHead head, PipeWriter caller) =>
        head.Chunked ? CopyChunksAsync(connection, upstream, caller) : CopyAsync(connection, upstream, head.Length ?? long.MaxValue, endsOpen: head.Length is null, caller);

    private static async ValueTask CopyAsync(UpstreamConnection connection, Upstream upstream, long length, bool endsOpen, PipeWriter caller)
    {
        while (length > 0)
        {
            var count = (int)Math.Min(connection.Unread.Length, length);
            if (count > 0)
            {
                await PassOnAsync(connection, count, caller);
            }
            else
            {
                count = await connection.ReadAsync(caller.GetMemory(Piece)[..(int)Math.Min(Piece, length)]);
                if (count == 0 && endsOpen)
                {
                    return;
                }

                connection.Moved(count, upstream.Now);
                caller.Advance(count);
                await FlushAsync(caller);
            }

            length -= count;
            connection.Moved(count, upstream.Now);
        }
    }

    private static async ValueTask CopyChunksAsync(UpstreamConnection connection, Upstream upstream, PipeWriter caller)
    {
        while (await LineAsync(connection, upstream) is { } line)
        {
            var digits = line.Split(';')[0].Trim();
            if (!long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) || size < 0)
            {
                throw new IOException("the service's answer has a chunk without a length");
            }

            if (size == 0)
            {
                // Trailers end here: HTTP/1.1 callers are not sent any.
                while ((await LineAsync(connection, upstream)).Length > 0)
                {
                }

                return;
            }

            await CopyAsync(connection, upstream, size, endsOpen: false, caller);
            if ((await LineAsync(connection, upstream)).Length > 0)
            {
                throw new IOException("the service's answer has a chunk that is longer than it says");
            }
        }
    }

    private static async ValueTask<string> LineAsync(UpstreamConnection connection, Upstream upstream)
    {
        int end;
        while ((end = connection.Unread.Span.IndexOf("\r\n"u8)) < 0)
        {
            connection.Add(await connection.ReadAsync(), upstream.Now);
        }

        var line = Encoding.Latin1.GetString(connection.Unread.Span[..end]);
        connection.Consume(end + 2);
        return line;
    }

    /// <summary>Passes bytes on that have come already; with the head where nothing was sent before.</summary>
    public static async ValueTask PassOnAsync(UpstreamConnection connection, int count, PipeWriter caller)
    {
        try
        {
            await caller.WriteAsync(connection.Unread[..count], CancellationToken.None);
        }
        catch (Exception error)
        {
            throw new CallerLeftException(error);
        }

        connection.Consume(count);
    }

    private static async ValueTask FlushAsync(PipeWriter caller)
    {
        try
        {
            await caller.FlushAsync(CancellationToken.None);
        }
        catch (Exception error)
        {
            throw new CallerLeftException(error);
        }
    }
}

/// <summary>The caller does not take its answer.</summary>
internal sealed class CallerLeftException(Exception why) : Exception("the caller did not take the answer", why);
