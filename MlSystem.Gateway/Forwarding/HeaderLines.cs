using System.Text;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace MlSystem.Gateway.Forwarding;

/// <summary>What a header of an answer means for passing it on.</summary>
internal enum HeaderKind
{
    PassedOn,
    OfConnection,
    Connection,
    ContentLength,
    TransferEncoding,
}

/// <summary>
/// The names and values of a connection's last headers, by their place. A service sends the same ones in the same order again and
/// again, most with the same values: those need no new strings.
/// </summary>
internal sealed class HeaderLines
{
    private const int Kept = 32;
    private readonly Line?[] _lines = new Line?[Kept];

    /// <exception cref="IOException">It is not a header.</exception>
    public Line Read(int place, ReadOnlySpan<byte> text)
    {
        if (place < Kept && _lines[place] is { } known && known.HasName(text))
        {
            known.Take(text);
            return known;
        }

        var line = Line.Parse(text);
        if (place < Kept)
        {
            _lines[place] = line;
        }

        return line;
    }

    internal sealed class Line
    {
        private readonly byte[] _name;
        private byte[] _value = [];
        private int _length = -1;

        private Line(ReadOnlySpan<byte> name)
        {
            _name = [.. name, (byte)':'];
            Name = Encoding.ASCII.GetString(name);
            Kind = KindOf(Name);
        }

        public string Name { get; }

        public HeaderKind Kind { get; }

        public StringValues Value { get; private set; }

        /// <summary>The value's bytes; valid until the next answer.</summary>
        public ReadOnlySpan<byte> Bytes => _value.AsSpan(0, _length);

        public static Line Parse(ReadOnlySpan<byte> text)
        {
            var colon = text.IndexOf((byte)':');
            if (colon <= 0 || text[..colon].ContainsAny(" \t"u8) || !Ascii.IsValid(text[..colon]))
            {
                throw new IOException("the service's answer has a line in its head that is no header");
            }

            var line = new Line(text[..colon]);
            line.Take(text);
            return line;
        }

        public bool HasName(ReadOnlySpan<byte> text) => text.StartsWith(_name);

        public void Take(ReadOnlySpan<byte> text)
        {
            var value = text[_name.Length..].Trim(" \t"u8);
            if (_length == value.Length && value.SequenceEqual(Bytes))
            {
                return;
            }

            if (_value.Length < value.Length)
            {
                _value = new byte[value.Length];
            }

            value.CopyTo(_value);
            _length = value.Length;
            Value = Kind == HeaderKind.PassedOn ? Encoding.Latin1.GetString(value) : StringValues.Empty;
        }

        private static HeaderKind KindOf(string name) =>
            Is(name, HeaderNames.ContentLength) ? HeaderKind.ContentLength
            : Is(name, HeaderNames.TransferEncoding) ? HeaderKind.TransferEncoding
            : Is(name, HeaderNames.Connection) ? HeaderKind.Connection
            : RequestHead.IsOfConnection(name) ? HeaderKind.OfConnection : HeaderKind.PassedOn;

        private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
    }
}
