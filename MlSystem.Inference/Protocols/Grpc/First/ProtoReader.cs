namespace MlSystem.Inference.Protocols.Grpc.First;

/// <summary>Walks the fields of one protobuf message (encoding of protobuf.dev/programming-guides/encoding) in place. A message that is cut or has a group stops it with <see cref="IsBroken"/>.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    public const int Varint = 0;
    public const int Bytes = 2;
    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary><see cref="Varint"/>, <see cref="Bytes"/> or another wire type.</summary>
    public int WireType { get; private set; }

    /// <summary>Content of a field of bytes.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Value of a varint field.</summary>
    public ulong Value { get; private set; }

    public bool IsBroken { get; private set; }

    public bool AtEnd => _position == _message.Length;

    public bool MoveNext()
    {
        if (AtEnd)
        {
            return false;
        }

        if (!TryVarint(out var tag) || tag >> 3 is 0 or > int.MaxValue)
        {
            return Stop();
        }

        Field = (int)(tag >> 3);
        WireType = (int)(tag & 7);
        switch (WireType)
        {
            case Varint:
                return TryVarint(out var value) ? Keep(value) : Stop();
            case Bytes:
                return TryVarint(out var length) && length <= (ulong)(_message.Length - _position) ? Keep(_message.Slice(_position, (int)length)) : Stop();
            default:
                return Stop();
        }
    }

    /// <summary>The next number of a packed field.</summary>
    public bool TryVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && _position < _message.Length; shift += 7)
        {
            var octet = _message[_position++];
            value |= (ulong)(octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private bool Keep(ulong value)
    {
        Value = value;
        return true;
    }

    private bool Keep(ReadOnlySpan<byte> content)
    {
        Content = content;
        _position += content.Length;
        return true;
    }

    private bool Stop()
    {
        IsBroken = true;
        return false;
    }
}
