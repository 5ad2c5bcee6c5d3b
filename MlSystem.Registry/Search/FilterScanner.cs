using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Search;

internal enum TokenKind
{
    Word,
    QuotedName,
    Text,
    Number,
    Operator,
    Punctuation,
    End,
}

internal readonly record struct Token(TokenKind Kind, string Text, int Position);

/// <summary>Splits a filter or ordering into tokens.</summary>
internal sealed class FilterScanner(string source)
{
    private int _position;

    public Token Next()
    {
        while (_position < source.Length && char.IsWhiteSpace(source[_position]))
        {
            _position++;
        }

        if (_position == source.Length)
        {
            return new(TokenKind.End, "", _position);
        }

        var start = _position;
        return source[start] switch
        {
            '\'' => Quoted('\'', TokenKind.Text),
            '"' => Quoted('"', TokenKind.QuotedName),
            '`' => Quoted('`', TokenKind.QuotedName),
            '.' or ',' or '(' or ')' when !IsNumberStart(start) => new(TokenKind.Punctuation, source[_position++].ToString(), start),
            '=' or '!' or '<' or '>' => Operator(),
            _ when IsNumberStart(start) => While(TokenKind.Number, c => char.IsAsciiLetterOrDigit(c) || c is '.' or '+' or '-'),
            _ => While(TokenKind.Word, c => char.IsLetterOrDigit(c) || c is '_' or '-' or '/' or ':'),
        };
    }

    /// <summary>A key behind "scope.": dots belong to it.</summary>
    public Token NextKey()
    {
        var start = _position;
        return start < source.Length && source[start] is not ('"' or '`')
            ? While(TokenKind.Word, c => char.IsLetterOrDigit(c) || c is '_' or '-' or '/' or ':' or '.')
            : Next();
    }

    /// <summary>Takes a dot directly behind the token that was read last.</summary>
    public bool TakeDot()
    {
        var found = _position < source.Length && source[_position] == '.';
        _position += found ? 1 : 0;
        return found;
    }

    private bool IsNumberStart(int at) =>
        char.IsAsciiDigit(source[at]) || (source[at] is '-' or '+' or '.' && at + 1 < source.Length && (char.IsAsciiDigit(source[at + 1]) || source[at + 1] == '.'));

    private Token Operator()
    {
        var start = _position++;
        if (_position < source.Length && source[_position] == '=')
        {
            _position++;
        }

        return new(TokenKind.Operator, source[start.._position], start);
    }

    private Token Quoted(char quote, TokenKind kind)
    {
        var start = _position;
        var end = source.IndexOf(quote, start + 1);
        if (end < 0)
        {
            throw MlflowError.Invalid($"Invalid filter: the quotation at character {start + 1} has no end.");
        }

        _position = end + 1;
        return new(kind, source[(start + 1)..end], start);
    }

    private Token While(TokenKind kind, Func<char, bool> belongs)
    {
        var start = _position;
        while (_position < source.Length && belongs(source[_position]))
        {
            _position++;
        }

        return _position > start
            ? new(kind, source[start.._position], start)
            : throw MlflowError.Invalid($"Invalid filter: '{source[start]}' at character {start + 1} is not understood.");
    }
}
