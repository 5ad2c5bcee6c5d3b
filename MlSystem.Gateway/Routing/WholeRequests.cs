using System.Net;

namespace MlSystem.Gateway.Routing;

/// <summary>
/// Sends a small request to its service in one piece. The proxy sends the headers before it has read the body, for services that
/// answer early; of a small body that means two system calls here, and a service that wakes up twice.
/// </summary>
internal sealed class WholeRequests(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Bytes of the largest body whose headers wait for it.</summary>
    public const int MaxBody = 64 << 10;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // A caller that expects "100 Continue" sends no body before the service has seen the headers.
        if (request.Version == HttpVersion.Version11 && request.Content is { Headers.ContentLength: > 0 and <= MaxBody } content && request.Headers.ExpectContinue is not true)
        {
            request.Content = new HeldContent(content);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private sealed class HeldContent : HttpContent
    {
        private readonly HttpContent _content;

        public HeldContent(HttpContent content)
        {
            _content = content;
            foreach (var header in content.Headers.NonValidated)
            {
                Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            _content.CopyToAsync(new HeldStream(stream), context, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = _content.Headers.ContentLength!.Value;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _content.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    /// <summary>A stream on which flushing before the first byte does nothing: the headers go with it.</summary>
    private sealed class HeldStream(Stream inner) : Stream
    {
        private bool _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => throw new NotSupportedException("Only asynchronous.");

        public override Task FlushAsync(CancellationToken cancellationToken) => _written ? inner.FlushAsync(cancellationToken) : Task.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous.");

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _written = true;
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
