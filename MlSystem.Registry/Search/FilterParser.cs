using System.Globalization;
using MlSystem.Registry.Mlflow;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Search;

/// <summary>
/// Reads MLflow's filter grammar: <c>metrics.auc &gt; 0.8 and params.depth = '6' and tags.`a b` LIKE '%x%' and attributes.status IN ('FINISHED')</c>,
/// and its orderings: <c>metrics.auc DESC</c>.
/// </summary>
internal sealed class FilterParser
{
    private readonly FilterScanner _scanner;
    private Token _token;

    private FilterParser(string source)
    {
        _scanner = new(source);
        _token = _scanner.Next();
    }

    public static IReadOnlyList<FilterClause> Filter(string? filter)
    {
        var clauses = new List<FilterClause>();
        if (string.IsNullOrWhiteSpace(filter))
        {
            return clauses;
        }

        var parser = new FilterParser(filter);
        do
        {
            clauses.Add(parser.Clause());
        }
        while (parser.TakeWord("AND"));
        return parser._token.Kind == TokenKind.End ? clauses : throw parser.Unexpected("'AND' or the end; OR is not part of the grammar");
    }

    public static IReadOnlyList<OrderClause> Order(IEnumerable<string>? orderings) => [.. (orderings ?? []).Select(Ordering)];

    private static OrderClause Ordering(string ordering)
    {
        var parser = new FilterParser(ordering);
        var (scope, key) = parser.Identifier();
        var descending = parser.TakeWord("DESC");
        if (!descending)
        {
            parser.TakeWord("ASC");
        }

        return parser._token.Kind == TokenKind.End ? new(scope, key, descending) : throw parser.Unexpected("ASC, DESC or the end");
    }

    private FilterClause Clause()
    {
        var (scope, key) = Identifier();
        var comparison = Comparison();
        if (comparison is FilterOperator.In or FilterOperator.NotIn)
        {
            return new(scope, key, comparison, List(), IsNumber: false);
        }

        if (comparison is FilterOperator.IsNull or FilterOperator.IsNotNull)
        {
            return new(scope, key, comparison, [], IsNumber: false);
        }

        // MLflow takes a value in double quotes for a text.
        var value = _token.Kind is TokenKind.Text or TokenKind.Number or TokenKind.QuotedName ? Take() : throw Unexpected("a number or a text in quotes");
        if (value.Kind == TokenKind.Number && !double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        {
            throw MlflowError.Invalid($"Invalid filter: '{value.Text}' at character {value.Position + 1} is not a number.");
        }

        return new(scope, key, comparison, [value.Text], value.Kind == TokenKind.Number);
    }

    private (FilterScope Scope, string Key) Identifier()
    {
        if (_token.Kind is not (TokenKind.Word or TokenKind.QuotedName))
        {
            throw Unexpected("a name");
        }

        var first = _token;
        var key = _scanner.TakeDot() ? _scanner.NextKey() : (Token?)null;
        _token = _scanner.Next();
        if (key is null)
        {
            return (FilterScope.Attribute, first.Text);
        }

        return first.Text.ToUpperInvariant() switch
        {
            "METRIC" or "METRICS" => (FilterScope.Metric, key.Value.Text),
            "PARAM" or "PARAMS" or "PARAMETER" or "PARAMETERS" => (FilterScope.Param, key.Value.Text),
            "TAG" or "TAGS" => (FilterScope.Tag, key.Value.Text),
            "DATASET" or "DATASETS" => (FilterScope.Dataset, key.Value.Text),
            "ATTRIBUTE" or "ATTRIBUTES" or "ATTR" or "RUN" => (FilterScope.Attribute, key.Value.Text),
            _ => throw MlflowError.Invalid($"Invalid filter: unknown entity '{first.Text}'; metrics, params, tags, datasets and attributes are known."),
        };
    }

    private FilterOperator Comparison()
    {
        if (_token.Kind == TokenKind.Operator)
        {
            return Take().Text switch
            {
                "=" => FilterOperator.Equal,
                "!=" => FilterOperator.NotEqual,
                "<" => FilterOperator.Less,
                "<=" => FilterOperator.LessOrEqual,
                ">" => FilterOperator.Greater,
                ">=" => FilterOperator.GreaterOrEqual,
                var other => throw MlflowError.Invalid($"Invalid filter: unknown comparison '{other}'."),
            };
        }

        return TakeWord("LIKE") ? FilterOperator.Like
            : TakeWord("ILIKE") ? FilterOperator.ILike
            : TakeWord("IN") ? FilterOperator.In
            : TakeWord("NOT") && TakeWord("IN") ? FilterOperator.NotIn
            : TakeWord("IS") ? Null()
            : throw Unexpected("a comparison: = != < <= > >= LIKE ILIKE IN, NOT IN, IS NULL, IS NOT NULL");
    }

    private FilterOperator Null()
    {
        var not = TakeWord("NOT");
        return !TakeWord("NULL") ? throw Unexpected("NULL") : not ? FilterOperator.IsNotNull : FilterOperator.IsNull;
    }

    private List<string> List()
    {
        var values = new List<string>();
        TakePunctuation("(");
        do
        {
            values.Add(_token.Kind is TokenKind.Text or TokenKind.QuotedName ? Take().Text : throw Unexpected("a text in quotes"));
        }
        while (_token is { Kind: TokenKind.Punctuation, Text: "," } && Take().Kind == TokenKind.Punctuation);
        TakePunctuation(")");
        return values;
    }

    private Token Take()
    {
        var token = _token;
        _token = _scanner.Next();
        return token;
    }

    private bool TakeWord(string word)
    {
        var found = _token.Kind == TokenKind.Word && _token.Text.Equals(word, StringComparison.OrdinalIgnoreCase);
        if (found)
        {
            Take();
        }

        return found;
    }

    private void TakePunctuation(string sign)
    {
        if (_token.Kind != TokenKind.Punctuation || _token.Text != sign)
        {
            throw Unexpected($"'{sign}'");
        }

        Take();
    }

    private ErrorAnswerException Unexpected(string expected) =>
        MlflowError.Invalid($"Invalid filter: expected {expected} at character {_token.Position + 1}, found {(_token.Kind == TokenKind.End ? "the end" : $"'{_token.Text}'")}.");
}
