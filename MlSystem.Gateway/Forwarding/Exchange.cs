using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Forwarder;

namespace MlSystem.Gateway.Forwarding;

/// <summary>One request to a service and its answer back to the caller.</summary>
internal static class Exchange
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<ForwarderError> RunAsync(HttpContext context, Upstream upstream, ReadOnlyMemory<byte> request, long started)
    {
        var aborted = context.RequestAborted;
        UpstreamConnection connection;
        try
        {
            connection = await upstream.RentAsync(aborted);
        }
        catch (Exception error)
        {
            ForwardMetrics.Failed(upstream, started, error);
            return ForwardFailures.Report(context, aborted.IsCancellationRequested ? ForwarderError.RequestCanceled : ForwarderError.Request, error);
        }

        var reusable = false;
        var leaving = aborted.UnsafeRegister(static state => ((UpstreamConnection)state!).Leave(), connection);
        try
        {
            reusable = await RunAsync(context, upstream, connection, request);
            ForwardMetrics.Answered(upstream, started, context.Response.StatusCode);
            return ForwarderError.None;
        }
        catch (Exception error)
        {
            ForwardMetrics.Failed(upstream, started, error);
            return ForwardFailures.Report(context, ForwardFailures.Kind(context, connection, error), error);
        }
        finally
        {
            // Waits for a callback that is running: afterwards the connection is nobody's but the pool's.
            await leaving.DisposeAsync();
            upstream.Return(connection, reusable);
        }
    }

    /// <returns>Whether another request may use the connection.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<bool> RunAsync(HttpContext context, Upstream upstream, UpstreamConnection connection, ReadOnlyMemory<byte> request)
    {
        await connection.SendAsync(request);
        ResponseHead head;
        while (true)
        {
            if (connection.Unread.Length > 0 && ResponseHead.Read(connection.Unread.Span, connection.Lines, context.Response) is { } read)
            {
                connection.Consume(read.Bytes);
                if (!read.IsInterim)
                {
                    head = read;
                    break;
                }
            }
            else
            {
                connection.Add(await connection.ReadAsync(), upstream.Now);
            }
        }

        if (head.Length is { } length && (length > 0 || head.Status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent)))
        {
            context.Response.ContentLength = length;
        }

        if (!head.HasBody)
        {
            return head.Keeps;
        }

        await (head.Length is { } whole && connection.Unread.Length >= whole
            ? ResponseBody.PassOnAsync(connection, (int)whole, context.Response.BodyWriter)
            : ResponseBody.CopyAsync(connection, upstream, head, context.Response.BodyWriter));
        return head.Keeps && (head.Chunked || head.Length is not null);
    }
}
