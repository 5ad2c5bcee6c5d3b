using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using MlSystem.Gateway.Routing;
using Yarp.ReverseProxy.Forwarder;

namespace MlSystem.Gateway.Forwarding;

/// <summary>
/// Sends small predictions on over HTTP/1.1 by hand, and leaves everything else to the proxy's own forwarder. Load balancing, health,
/// failures and rates stay where they are, around both: only the last step, from the request to the service's socket and back, is
/// another. In it an <see cref="HttpClient"/> costs more than the prediction of a small model.
/// </summary>
/// <remarks>
/// Taken is what this class does exactly as the proxy would: <c>POST …/infer</c> over HTTP/1.1 with a known length of at most
/// <see cref="MaxBody"/> bytes and plain headers, from a caller that doesn't wait for leave to send, while nobody traces. Nothing is ever sent
/// twice: a prediction may have been made although its answer got lost.
/// </remarks>
internal sealed class SmallRequests : IHttpForwarder, IDisposable
{
    /// <summary>Bytes of the largest body that is held whole before it is sent.</summary>
    public const int MaxBody = 64 << 10;

    private readonly IHttpForwarder _usual;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Upstream?> _upstreams = new(StringComparer.Ordinal);
    private readonly ITimer _timer;

    public SmallRequests(IHttpForwarder usual, IOptions<GatewayOptions> options, TimeProvider time)
    {
        (_usual, _options, _time) = (usual, options.Value, time);

        // Looked at ten times a time-out, so that silence is given up at most a tenth later.
        var often = TimeSpan.FromSeconds(Math.Clamp(_options.ActivityTimeoutSeconds / 10, 0.05, 5));
        _timer = time.CreateTimer(static state => ((SmallRequests)state!).Sweep(), this, often, often);
    }

    public ValueTask<ForwarderError> SendAsync(HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient, ForwarderRequestConfig requestConfig, HttpTransformer transformer) =>
        SendAsync(context, destinationPrefix, httpClient, requestConfig, transformer, CancellationToken.None);

    public ValueTask<ForwarderError> SendAsync(
        HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient, ForwarderRequestConfig requestConfig, HttpTransformer transformer, CancellationToken cancellationToken) =>
        Activity.Current is null && IsSmall(context.Request) && RequestHead.IsPlain(context.Request) && Find(destinationPrefix) is { } upstream
            ? SendAsync(context, upstream)
            : _usual.SendAsync(context, destinationPrefix, httpClient, requestConfig, transformer, cancellationToken);

    public void Dispose()
    {
        _timer.Dispose();
        foreach (var upstream in _upstreams.Values)
        {
            upstream?.Dispose();
        }
    }

    private static bool IsSmall(HttpRequest request) =>
        request.ContentLength is > 0 and <= MaxBody && HttpMethods.IsPost(request.Method) && HttpProtocol.IsHttp11(request.Protocol)
        && request.Path.Value is { } path && InferFirst.IsInfer(path);

    private Upstream? Find(string prefix) =>
        _upstreams.TryGetValue(prefix, out var known) ? known : _upstreams.GetOrAdd(prefix, static (prefix, self) => Upstream.Of(prefix, self._options, self._time), this);

    private void Sweep()
    {
        foreach (var upstream in _upstreams.Values)
        {
            upstream?.Sweep();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<ForwarderError> SendAsync(HttpContext context, Upstream upstream)
    {
        var started = upstream.Now;
        var request = new PooledText();
        try
        {
            if (await ReadAsync(context, upstream, request) is { } broken)
            {
                return ForwardFailures.Report(context, ForwarderError.RequestBodyClient, broken);
            }

            return await Exchange.RunAsync(context, upstream, request.Written, started);
        }
        finally
        {
            request.Dispose();
        }
    }

    /// <summary>Gathers the whole request.</summary>
    /// <returns>Why its body can't be read.</returns>
    private static async ValueTask<Exception?> ReadAsync(HttpContext context, Upstream upstream, PooledText request)
    {
        try
        {
            RequestHead.Write(context, upstream, request);
            var reader = context.Request.BodyReader;
            ReadResult read;
            while (!(read = await reader.ReadAsync(context.RequestAborted)).IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }

            foreach (var piece in read.Buffer)
            {
                request.Raw(piece.Span);
            }

            reader.AdvanceTo(read.Buffer.End);
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }
}
