using System.Globalization;

namespace MlSystem.Graphs.Conditions;

/// <summary>
/// Recursive descent over: <c>or := and ("or" and)*</c>, <c>and := not ("and" not)*</c>, <c>not := "not" not | "(" or ")" | comparison</c>,
/// <c>comparison := operand (sign operand | "is" ["not"] "missing")?</c>.
/// </summary>
internal sealed class ConditionParser
{
    private const int MaxDepth = 32;
    private static readonly string[] Words = ["and", "or", "not", "is", "missing", "true", "false"];
    private readonly ConditionScanner _scanner;
    private Token _token;
    private int _depth;

    public ConditionParser(string text)
    {
        if (text.Length > Condition.MaxLength)
        {
            throw new ConditionException(string.Create(CultureInfo.InvariantCulture, $"it has {text.Length} characters, at most {Condition.MaxLength} are allowed"));
        }

        _scanner = new ConditionScanner(text);
        _token = _scanner.Next();
    }

    public Condition Parse()
    {
        var condition = Or();
        return _token.Kind == TokenKind.End ? condition : throw Unexpected("the end, 'and' or 'or'");
    }

    private Condition Or()
    {
        List<Condition> parts = [And()];
        while (TakeWord("or"))
        {
            parts.Add(And());
        }

        return parts.Count == 1 ? parts[0] : new AnyOf(parts);
    }

    private Condition And()
    {
        List<Condition> parts = [Unary()];
        while (TakeWord("and"))
        {
            parts.Add(Unary());
        }

        return parts.Count == 1 ? parts[0] : new AllOf(parts);
    }

    private Condition Unary()
    {
        if (++_depth > MaxDepth)
        {
            throw ConditionScanner.Error(_token.At, string.Create(CultureInfo.InvariantCulture, $"it is nested deeper than {MaxDepth}"));
        }

        var condition = TakeWord("not") ? new Not(Unary()) : TakeSign("(") ? Group() : Comparison();
        _depth--;
        return condition;
    }

    private Condition Group()
    {
        var inner = Or();
        return TakeSign(")") ? inner : throw Unexpected("')'");
    }

    private Condition Comparison()
    {
        var left = ReadOperand();
        if (TakeWord("is"))
        {
            var negated = TakeWord("not");
            return !TakeWord("missing") ? throw Unexpected("'missing'") : negated ? new Not(new Missing(left)) : new Missing(left);
        }

        if (_token.Kind == TokenKind.Sign && Comparators.TryGetValue(_token.Text, out var comparator))
        {
            Advance();
            return new Comparison(left, comparator, ReadOperand());
        }

        return left.Tensor is null ? throw Unexpected("a comparison") : new Truth(left);
    }

    private Operand ReadOperand()
    {
        var token = _token;
        Advance();
        return token.Kind switch
        {
            TokenKind.Number => new Operand { LiteralKind = OperandKind.Number, NumberValue = token.Number },
            TokenKind.Text => new Operand { LiteralKind = OperandKind.Text, TextValue = token.Text },
            TokenKind.Name when token.Text is "true" or "false" => new Operand { LiteralKind = OperandKind.Boolean, NumberValue = token.Text == "true" ? 1 : 0 },
            TokenKind.QuotedName => Column(token.Text),
            TokenKind.Name when !Words.Contains(token.Text, StringComparer.Ordinal) => Column(token.Text),
            _ => throw Unexpected("a tensor's name, a number or a text", token),
        };
    }

    private Operand Column(string name)
    {
        if (!TakeSign("["))
        {
            return new Operand { Tensor = name };
        }

        var index = _token;
        Advance();
        return index.Kind == TokenKind.Number && index.Number is >= 0 and <= int.MaxValue && index.Number == Math.Floor(index.Number) && TakeSign("]")
            ? new Operand { Tensor = name, Element = (int)index.Number, IsIndexed = true }
            : throw Unexpected("an element's number and ']'", index);
    }

    private bool TakeWord(string word) => Take(TokenKind.Name, word);

    private bool TakeSign(string sign) => Take(TokenKind.Sign, sign);

    private bool Take(TokenKind kind, string text)
    {
        if (_token.Kind != kind || _token.Text != text)
        {
            return false;
        }

        Advance();
        return true;
    }

    private void Advance() => _token = _scanner.Next();

    private ConditionException Unexpected(string expected, Token? token = null)
    {
        var found = token ?? _token;
        return ConditionScanner.Error(found.At, $"expected {expected}, found {(found.Kind == TokenKind.End ? "the end" : $"'{found.Text}'")}");
    }

    private static readonly Dictionary<string, Comparator> Comparators = new(StringComparer.Ordinal)
    {
        ["=="] = Comparator.Equal,
        ["!="] = Comparator.NotEqual,
        ["<"] = Comparator.Less,
        ["<="] = Comparator.LessOrEqual,
        [">"] = Comparator.Greater,
        [">="] = Comparator.GreaterOrEqual,
    };
}
