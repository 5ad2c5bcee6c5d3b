namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>A blob of a remote store as a stream that is opened at the first read, where the position then stands: ranges cost what they ask for.</summary>
/// <param name="length">Bytes; null where the reader does not need it.</param>
/// <param name="lost">What to throw when there is no such blob; null for a <see cref="FileNotFoundException"/>.</param>
internal sealed class RemoteStream(IBlobBackend backend, string sha256, long? length, Func<Exception, Exception>? lost = null) : Stream
{
    private Stream? _content;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => length is not null;

    public override bool CanWrite => false;

    public override long Length => length ?? throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= length)
        {
            return 0;
        }

        _content ??= await OpenAsync(cancellationToken);
        try
        {
            var read = await _content.ReadAsync(buffer, cancellationToken);
            _position += read;
            return read;
        }
        catch (Exception error) when (StoreFailure.IsOne(error, cancellationToken))
        {
            throw StoreFailure.Answer(error);
        }
    }

    private async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await backend.OpenReadAsync(sha256, _position, cancellationToken);
        }
        catch (FileNotFoundException error) when (lost is not null)
        {
            throw lost(error);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A remote blob is read asynchronously.");

    public override long Seek(long offset, SeekOrigin origin)
    {
        var target = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => Length + offset,
        };
        if (target != _position)
        {
            _content?.Dispose();
            (_content, _position) = (null, target);
        }

        return target;
    }

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content?.Dispose();
        }

        base.Dispose(disposing);
    }
}
