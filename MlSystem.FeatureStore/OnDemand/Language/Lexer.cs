using System.Text;

namespace MlSystem.FeatureStore.OnDemand.Language;

/// <summary>Splits an expression into tokens.</summary>
public static class Lexer
{
    private static readonly string[] Symbols = ["**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "<", ">", "(", ")", ",", ".", "="];

    /// <exception cref="ExpressionException">A character that no token begins with, or a text without end.</exception>
    public static IReadOnlyList<Token> Read(string text)
    {
        var tokens = new List<Token>();
        for (var at = 0; ;)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                tokens.Add(new Token(TokenKind.End, "the end", at + 1));
                return tokens;
            }

            tokens.Add(Next(text, ref at));
        }
    }

    private static Token Next(string text, ref int at)
    {
        var start = at;
        var first = text[at];
        if (char.IsAsciiDigit(first))
        {
            return Number(text, ref at);
        }

        if (char.IsAsciiLetter(first) || first == '_')
        {
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
            {
                at++;
            }

            return new Token(TokenKind.Name, text[start..at], start + 1);
        }

        if (first is '\'' or '"' or '`')
        {
            return new Token(first == '`' ? TokenKind.QuotedName : TokenKind.Text, Quoted(text, ref at, first), start + 1);
        }

        foreach (var symbol in Symbols)
        {
            if (text.AsSpan(at).StartsWith(symbol, StringComparison.Ordinal))
            {
                at += symbol.Length;
                return new Token(TokenKind.Symbol, symbol, start + 1);
            }
        }

        throw new ExpressionException(start + 1, $"'{first}' does not belong into an expression.");
    }

    private static Token Number(string text, ref int at)
    {
        var start = at;
        Digits(text, ref at);
        var whole = true;
        if (at + 1 < text.Length && text[at] == '.' && char.IsAsciiDigit(text[at + 1]))
        {
            whole = false;
            at++;
            Digits(text, ref at);
        }

        var sign = at + 1 < text.Length && text[at + 1] is '+' or '-' ? 1 : 0;
        if (at + 1 + sign < text.Length && text[at] is 'e' or 'E' && char.IsAsciiDigit(text[at + 1 + sign]))
        {
            whole = false;
            at += 1 + sign;
            Digits(text, ref at);
        }

        return at < text.Length && (char.IsAsciiLetter(text[at]) || text[at] == '_')
            ? throw new ExpressionException(start + 1, $"'{text[start..(at + 1)]}' is not a number.")
            : new Token(whole ? TokenKind.Integer : TokenKind.Number, text[start..at], start + 1);
    }

    private static void Digits(string text, ref int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
    }

    /// <summary>A quote inside is written twice; there are no other escapes.</summary>
    private static string Quoted(string text, ref int at, char quote)
    {
        var start = at++;
        var value = new StringBuilder();
        while (at < text.Length)
        {
            if (text[at] != quote)
            {
                value.Append(text[at++]);
            }
            else if (at + 1 < text.Length && text[at + 1] == quote)
            {
                value.Append(quote);
                at += 2;
            }
            else
            {
                at++;
                return value.ToString();
            }
        }

        throw new ExpressionException(start + 1, $"The closing {quote} is missing.");
    }
}
