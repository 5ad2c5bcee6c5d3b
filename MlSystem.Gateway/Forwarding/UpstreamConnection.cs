using System.Net.Sockets;

namespace MlSystem.Gateway.Forwarding;

/// <summary>
/// A connection to a service. While it is idle a read is under way: it tells that the service has closed it, and is the first read of
/// the next answer.
/// </summary>
internal sealed class UpstreamConnection(Socket socket) : IDisposable
{
    // What _since says when it is not the time of the last progress.
    private const long Idle = long.MinValue;
    private const long Silent = long.MinValue + 1;
    private const long Left = long.MinValue + 2;
    private const int MaxHead = 64 << 10;
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(4 << 10, pinned: true);
    private ValueTask<int> _reading;
    private bool _isReading;
    private int _start;
    private int _end;
    private long _since;

    public required long Opened { get; init; }

    public long IdleSince { get; private set; }

    /// <summary>Whether an idle connection can't be used any more.</summary>
    public bool IsClosed => _isReading && _reading.IsCompleted;

    /// <summary>Whether the exchange was given up because nothing moved.</summary>
    public bool WasSilent => Volatile.Read(ref _since) == Silent;

    /// <summary>Names and values of the last answer's headers.</summary>
    public HeaderLines Lines { get; } = new();

    /// <summary>What has come and was not consumed.</summary>
    public ReadOnlyMemory<byte> Unread => _buffer.AsMemory(_start, _end - _start);

    public bool TryBegin(long now)
    {
        Volatile.Write(ref _since, now);
        return !IsClosed;
    }

    /// <summary>Makes it idle; false when it can't be used again.</summary>
    public bool TryEnd(long now)
    {
        if (_start < _end || Interlocked.Exchange(ref _since, Idle) < 0)
        {
            return false;
        }

        (_start, _end, IdleSince) = (0, 0, now);
#pragma warning disable CA2012 // Awaited once: as the first read of the next answer.
        _reading = socket.ReceiveAsync(_buffer.AsMemory(), SocketFlags.None);
#pragma warning restore CA2012
        _isReading = true;
        return !_reading.IsCompleted;
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }

    /// <summary>Reads more; <see cref="Add"/> takes what came.</summary>
    /// <exception cref="IOException">The head does not end.</exception>
    public ValueTask<int> ReadAsync()
    {
        if (_isReading)
        {
            _isReading = false;
            return _reading;
        }

        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }

        MakeRoom();
        return socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None);
    }

    /// <exception cref="IOException">The service has closed the connection.</exception>
    public void Add(int count, long now)
    {
        Moved(count, now);
        _end += count;
    }

    /// <summary>Reads into a place of the caller's own, past what is unread.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> target) => socket.ReceiveAsync(target, SocketFlags.None);

    /// <summary>Notes that bytes have moved.</summary>
    /// <exception cref="IOException">The service has closed the connection.</exception>
    public void Moved(int count, long now)
    {
        if (count == 0)
        {
            throw new IOException("the service closed the connection before its answer was complete");
        }

        var seen = Volatile.Read(ref _since);
        if (seen >= 0)
        {
            Interlocked.CompareExchange(ref _since, now, seen);
        }
    }

    public void Consume(int count) => _start += count;

    /// <summary>Ends the exchange, since nobody waits for it any more. The service notices and stops.</summary>
    public void Leave()
    {
        Interlocked.Exchange(ref _since, Left);
        socket.Dispose();
    }

    /// <summary>Ends an exchange in which nothing has moved for too long.</summary>
    public void GiveUpSilence(Func<long, bool> isTooLong)
    {
        var seen = Volatile.Read(ref _since);
        if (seen >= 0 && isTooLong(seen) && Interlocked.CompareExchange(ref _since, Silent, seen) == seen)
        {
            socket.Dispose();
        }
    }

    public void Dispose() => socket.Dispose();

    private void MakeRoom()
    {
        if (_end < _buffer.Length)
        {
            return;
        }

        if (_start == 0 && _buffer.Length >= MaxHead)
        {
            throw new IOException($"the service's answer has a head or a line of more than {MaxHead} bytes");
        }

        var larger = _start > 0 ? _buffer : GC.AllocateUninitializedArray<byte>(_buffer.Length * 4, pinned: true);
        _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
        (_buffer, _start, _end) = (larger, 0, _end - _start);
    }
}
