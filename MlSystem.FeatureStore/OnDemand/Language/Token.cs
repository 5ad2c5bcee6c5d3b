namespace MlSystem.FeatureStore.OnDemand.Language;

/// <summary>Kinds of <see cref="Token"/>.</summary>
public enum TokenKind
{
    End,
    Integer,
    Number,
    Text,
    Name,

    /// <summary>A name in backticks: never a keyword.</summary>
    QuotedName,
    Symbol,
}

/// <summary>A word of an expression.</summary>
/// <param name="Text">As written; of texts and quoted names what they stand for.</param>
/// <param name="Position">In characters from 1.</param>
public readonly record struct Token(TokenKind Kind, string Text, int Position)
{
    public bool Is(string symbolOrKeyword) =>
        Kind is TokenKind.Symbol or TokenKind.Name && Text.Equals(symbolOrKeyword, StringComparison.OrdinalIgnoreCase);
}
