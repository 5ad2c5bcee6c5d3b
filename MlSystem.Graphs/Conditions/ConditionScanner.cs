using System.Globalization;

namespace MlSystem.Graphs.Conditions;

internal enum TokenKind
{
    End,
    Name,
    QuotedName,
    Number,
    Text,
    Sign,
}

/// <param name="At">Position of its first character, from 0.</param>
internal readonly record struct Token(TokenKind Kind, string Text, double Number, int At);

/// <summary>Cuts a condition into names, numbers, texts and signs.</summary>
internal sealed class ConditionScanner(string text)
{
    private static readonly string[] Signs = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]"];
    private int _position;

    public Token Next()
    {
        while (_position < text.Length && char.IsWhiteSpace(text[_position]))
        {
            _position++;
        }

        if (_position == text.Length)
        {
            return new Token(TokenKind.End, "", 0, _position);
        }

        var first = text[_position];
        return first is '\'' or '"' or '`' ? Quoted(first)
            : char.IsAsciiDigit(first) || first is '-' or '+' or '.' ? Number()
            : IsNamePart(first) ? Name()
            : Sign();
    }

    private Token Quoted(char quote)
    {
        var start = _position;
        var end = text.IndexOf(quote, start + 1);
        if (end < 0)
        {
            throw Error(start, $"the text that begins here is not closed with {quote}");
        }

        _position = end + 1;
        return new Token(quote == '`' ? TokenKind.QuotedName : TokenKind.Text, text[(start + 1)..end], 0, start);
    }

    private Token Number()
    {
        var start = _position++;
        while (_position < text.Length && (char.IsAsciiLetterOrDigit(text[_position]) || text[_position] == '.' || (text[_position] is '-' or '+' && text[_position - 1] is 'e' or 'E')))
        {
            _position++;
        }

        return double.TryParse(text.AsSpan(start, _position - start), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? new Token(TokenKind.Number, text[start.._position], number, start)
            : throw Error(start, $"'{text[start.._position]}' is no number");
    }

    private Token Name()
    {
        var start = _position;
        while (_position < text.Length && (IsNamePart(text[_position]) || text[_position] is '.' or '-' || char.IsAsciiDigit(text[_position])))
        {
            _position++;
        }

        return new Token(TokenKind.Name, text[start.._position], 0, start);
    }

    private Token Sign()
    {
        var start = _position;
        var sign = Array.Find(Signs, sign => string.CompareOrdinal(text, start, sign, 0, sign.Length) == 0)
            ?? throw Error(start, text[start] == '=' ? "write == for equal" : $"'{text[start]}' has no meaning here");
        _position += sign.Length;
        return new Token(TokenKind.Sign, sign, 0, start);
    }

    internal static ConditionException Error(int at, string problem) => new(string.Create(CultureInfo.InvariantCulture, $"at character {at + 1}: {problem}"));

    private static bool IsNamePart(char c) => char.IsLetterOrDigit(c) || c is '_' or '$';
}
