using System.Globalization;

namespace MlSystem.FeatureStore.OnDemand.Language;

/// <summary>Parses expressions by recursive descent; the grammar stands in <c>docs/features/on-demand.md</c>.</summary>
public sealed class Parser
{
    public const int MaxLength = 10_000;
    private const int MaxDepth = 100;
    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase) { "and", "or", "not", "in", "is", "null", "true", "false" };
    private static readonly string[] Comparisons = ["==", "!=", "<=", ">=", "<", ">"];

    private readonly IReadOnlyList<Token> _tokens;
    private int _at;
    private int _depth;

    private Parser(IReadOnlyList<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_at];

    /// <exception cref="ExpressionException">The text is not an expression.</exception>
    public static Expression Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new ExpressionException(MaxLength, $"The expression has {text.Length} characters; allowed are {MaxLength}.");
        }

        var parser = new Parser(Lexer.Read(text));
        var expression = parser.Or();
        return parser.Current.Kind == TokenKind.End ? expression : throw parser.Unexpected("an operator or the end");
    }

    private Expression Or() => LeftAssociative(And, "or");

    private Expression And() => LeftAssociative(Not, "and");

    private Expression Not()
    {
        if (!Current.Is("not"))
        {
            return Comparison();
        }

        var position = Take().Position;
        return new Call("not", [Nested(Not)], position);
    }

    /// <summary>Comparisons don't chain: <c>a &lt; b &lt; c</c> is a mistake.</summary>
    private Expression Comparison()
    {
        var left = Sum();
        if (Current.Is("="))
        {
            throw new ExpressionException(Current.Position, "Equality is written ==.");
        }

        if (Comparisons.FirstOrDefault(Current.Is) is { } symbol)
        {
            var position = Take().Position;
            return new Call(symbol, [left, Sum()], position);
        }

        return Current.Is("is") ? IsNull(left) : In(left);
    }

    private Expression IsNull(Expression left)
    {
        var position = Take().Position;
        var negated = TakeIf("not");
        Require("null");
        Expression test = new Call("is null", [left], position);
        return negated ? new Call("not", [test], position) : test;
    }

    private Expression In(Expression left)
    {
        var negated = Current.Is("not") && _tokens[_at + 1].Is("in");
        if (!negated && !Current.Is("in"))
        {
            return left;
        }

        var position = Current.Position;
        _at += negated ? 2 : 1;
        Require("(");
        Expression test = new Call("in", [left, .. Arguments()], position);
        return negated ? new Call("not", [test], position) : test;
    }

    private Expression Sum() => LeftAssociative(Product, "+", "-");

    private Expression Product() => LeftAssociative(Unary, "*", "//", "/", "%");

    private Expression Unary()
    {
        if (!Current.Is("-"))
        {
            return Power();
        }

        var position = Take().Position;
        return Current.Kind == TokenKind.Integer && !_tokens[_at + 1].Is("**") ? Integer("-", position) : new Call("negate", [Nested(Unary)], position);
    }

    private Expression Power()
    {
        var left = Primary();
        if (!Current.Is("**"))
        {
            return left;
        }

        var position = Take().Position;
        return new Call("**", [left, Nested(Unary)], position);
    }

    private Expression Primary()
    {
        switch (Current.Kind)
        {
            case TokenKind.Integer:
                return Integer("", Current.Position);
            case TokenKind.Number:
                var number = double.Parse(Current.Text, CultureInfo.InvariantCulture);
                return double.IsFinite(number) ? new Literal(number, Take().Position) : throw new ExpressionException(Current.Position, $"{Current.Text} is outside the range of FP64.");
            case TokenKind.Text:
                return new Literal(Current.Text, Take().Position);
            case TokenKind.QuotedName:
                return Column();
            case TokenKind.Name:
                return Constant() is { } constant ? constant : Named();
            default:
                return TakeIf("(") ? Parenthesis() : throw Unexpected("a value");
        }
    }

    private Expression Parenthesis()
    {
        var inner = Nested(Or);
        Require(")");
        return inner;
    }

    private Expression Named() =>
        Keywords.Contains(Current.Text) ? throw Unexpected("a value")
        : _tokens[_at + 1].Is("(") ? Function()
        : Column();

    private Literal? Constant() =>
        Current.Is("null") ? new Literal(null, Take().Position)
        : Current.Is("true") ? new Literal(true, Take().Position)
        : Current.Is("false") ? new Literal(false, Take().Position)
        : null;

    private Literal Integer(string sign, int position)
    {
        var digits = Take().Text;
        return long.TryParse(sign + digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? new Literal(value, position)
            : throw new ExpressionException(position, $"{sign}{digits} is outside the range of INT64.");
    }

    private Call Function()
    {
        var name = Take();
        Require("(");
        return new Call(name.Text.ToLowerInvariant(), Arguments(), name.Position);
    }

    private ColumnReference Column()
    {
        var first = Take();
        if (!TakeIf("."))
        {
            return new ColumnReference(null, first.Text, first.Position);
        }

        return Current.Kind is TokenKind.Name or TokenKind.QuotedName ? new ColumnReference(first.Text, Take().Text, first.Position) : throw Unexpected("the name of a column");
    }

    /// <summary>Up to and with the closing parenthesis.</summary>
    private List<Expression> Arguments()
    {
        var arguments = new List<Expression>();
        if (TakeIf(")"))
        {
            return arguments;
        }

        do
        {
            arguments.Add(Nested(Or));
        }
        while (TakeIf(","));
        Require(")");
        return arguments;
    }

    private Expression LeftAssociative(Func<Expression> operand, params string[] symbols)
    {
        var left = operand();
        for (var steps = 0; symbols.FirstOrDefault(Current.Is) is { } symbol; steps++)
        {
            // Each step is one level of the tree, which is walked recursively later.
            if (steps == 10 * MaxDepth)
            {
                throw new ExpressionException(Current.Position, $"More than {10 * MaxDepth} operators in a row.");
            }

            var position = Take().Position;
            left = new Call(symbol, [left, operand()], position);
        }

        return left;
    }

    private Expression Nested(Func<Expression> inner)
    {
        if (++_depth > MaxDepth)
        {
            throw new ExpressionException(Current.Position, $"The expression is nested more than {MaxDepth} deep.");
        }

        var expression = inner();
        _depth--;
        return expression;
    }

    private Token Take() => _tokens[_at++];

    private bool TakeIf(string symbol)
    {
        var found = Current.Is(symbol);
        _at += found ? 1 : 0;
        return found;
    }

    private void Require(string symbol)
    {
        if (!TakeIf(symbol))
        {
            throw Unexpected($"'{symbol}'");
        }
    }

    private ExpressionException Unexpected(string wanted) => new(Current.Position, $"Expected {wanted}, found {(Current.Kind == TokenKind.End ? "the end" : $"'{Current.Text}'")}.");
}
