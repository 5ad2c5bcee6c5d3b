namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Walks JSON text without deciding what is wrong with it: every method says false at anything but what it is asked for.</summary>
internal ref struct JsonText(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _position;

    public readonly ReadOnlySpan<byte> Rest => _text[_position..];

    /// <summary>Nothing but white space is left.</summary>
    public bool AtEnd => Peek() == -1;

    /// <summary>The next byte that is not white space, or -1.</summary>
    public int Peek()
    {
        while ((uint)_position < (uint)_text.Length)
        {
            var next = _text[_position];
            if (next > ' ')
            {
                return next;
            }

            if (next is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                return 0;
            }

            _position++;
        }

        return -1;
    }

    public bool Take(char expected)
    {
        if (Peek() != expected)
        {
            return false;
        }

        _position++;
        return true;
    }

    /// <summary>Takes what is certain to stand here.</summary>
    public void Skip(int bytes) => _position += bytes;

    public bool Take(ReadOnlySpan<byte> literal)
    {
        Peek();
        if (!Rest.StartsWith(literal))
        {
            return false;
        }

        _position += literal.Length;
        return true;
    }

    /// <summary>A string of printable ASCII without escapes.</summary>
    public bool TryString(out ReadOnlySpan<byte> content)
    {
        content = default;
        if (!Take('"'))
        {
            return false;
        }

        var rest = Rest;
        var length = rest.IndexOf((byte)'"');
        if (length < 0)
        {
            return false;
        }

        content = rest[..length];
        if (content.ContainsAnyExceptInRange((byte)' ', (byte)'~') || content.Contains((byte)'\\'))
        {
            return false;
        }

        _position += length + 1;
        return true;
    }

    /// <summary>A property's name and its colon.</summary>
    public bool TryName(out ReadOnlySpan<byte> name) => TryString(out name) && Take(':');
}
