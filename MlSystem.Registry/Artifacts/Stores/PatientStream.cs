namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>An answer's content of which each read ends in time, with bytes or with a <see cref="StoreSilentException"/>.</summary>
internal sealed class PatientStream(HttpContent content, TimeSpan silence, TimeProvider time) : Stream
{
    private Stream? _inner;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var watch = new SilenceWatch(silence, time, cancellationToken);
        try
        {
            _inner ??= await content.ReadAsStreamAsync(watch.Token);
            return await _inner.ReadAsync(buffer, watch.Token);
        }
        catch (OperationCanceledException error) when (watch.IsOver && !cancellationToken.IsCancellationRequested)
        {
            throw watch.Silent(error);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>S3's client reads its lists and errors this way. A read that waits ends when its connection does.</summary>
    public override int Read(byte[] buffer, int offset, int count)
    {
        using var watch = new SilenceWatch(silence, time, CancellationToken.None);
        using var end = watch.Token.UnsafeRegister(static content => ((HttpContent)content!).Dispose(), content);
        try
        {
            _inner ??= content.ReadAsStream();
            return _inner.Read(buffer, offset, count);
        }
        catch (Exception error) when (watch.IsOver)
        {
            throw watch.Silent(error);
        }
    }

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
