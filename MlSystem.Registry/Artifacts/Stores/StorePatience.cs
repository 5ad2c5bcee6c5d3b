using System.Globalization;
using System.Net;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>
/// Gives up on a remote store that is silent: that does not take a connection, or moves no byte of a request or answer for a while. A large
/// content may take as long as it needs. What the stores' own clients have instead bounds a whole call, whatever its size.
/// </summary>
/// <param name="silence">How long no byte may move.</param>
internal sealed class StorePatience(TimeSpan connect, TimeSpan silence, TimeProvider time)
    : DelegatingHandler(new SocketsHttpHandler { ConnectTimeout = connect, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(10) })
{
    public static HttpClient Client(ArtifactOptions options, TimeProvider time) => new(
        new StorePatience(TimeSpan.FromSeconds(options.ConnectTimeoutSeconds), TimeSpan.FromSeconds(options.SilenceTimeoutSeconds), time))
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var watch = new SilenceWatch(silence, time, cancellationToken);
        if (request.Content is { } content)
        {
            request.Content = new WatchedRequest(content, watch);
        }

        HttpResponseMessage answer;
        try
        {
            answer = await base.SendAsync(request, watch.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw watch.IsOver ? watch.Silent(error) : new StoreSilentException(Text(connect, "took no connection", nameof(ArtifactOptions.ConnectTimeoutSeconds)), error);
        }

        answer.Content = new WatchedAnswer(answer.Content, silence, time);
        return answer;
    }

    internal static string Text(TimeSpan limit, string what, string option) =>
        string.Create(CultureInfo.InvariantCulture, $"it {what} within {limit.TotalSeconds} s ({ArtifactOptions.Section}:{option})");

    /// <summary>A request's content; every piece that the connection took begins the time anew.</summary>
    private sealed class WatchedRequest : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly SilenceWatch _watch;

        public WatchedRequest(HttpContent inner, SilenceWatch watch)
        {
            (_inner, _watch) = (inner, watch);
            CopyHeaders(inner, this);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) => await SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await using var watched = new WatchedStream(stream, _watch.Touch);
            await _inner.CopyToAsync(watched, context, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _inner.Headers.ContentLength ?? 0;
            return _inner.Headers.ContentLength is not null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    /// <summary>An answer's content; each read has the time.</summary>
    private sealed class WatchedAnswer : StreamContent
    {
        private readonly HttpContent _inner;

        public WatchedAnswer(HttpContent inner, TimeSpan silence, TimeProvider time)
            : base(new PatientStream(inner, silence, time))
        {
            _inner = inner;
            CopyHeaders(inner, this);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    private static void CopyHeaders(HttpContent from, HttpContent to)
    {
        foreach (var (name, values) in from.Headers.NonValidated)
        {
            to.Headers.TryAddWithoutValidation(name, values);
        }
    }
}

/// <summary>A store that did not answer in time. Of a type of its own, which the stores' clients don't know: they would try again, each time as long.</summary>
internal sealed class StoreSilentException(string message, Exception? inner) : Exception(message, inner);
