using MlSystem.FeatureStore.OnDemand.Functions;
using MlSystem.FeatureStore.OnDemand.Language;

namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>Checks the types of an expression and binds its names; the result can be evaluated.</summary>
/// <param name="column">Finds a column; throws <see cref="ExpressionException"/> where there is none.</param>
public sealed class Binder(Func<ColumnReference, ColumnNode> column)
{
    /// <exception cref="ExpressionException">A type does not fit, or a name is unknown.</exception>
    public Node Bind(Expression expression) => expression switch
    {
        Literal literal => Constant(literal.Value),
        ColumnReference reference => column(reference),
        Call call => Bind(call),
        _ => throw new InvalidOperationException(),
    };

    /// <summary>Makes a value stand where a type is wanted.</summary>
    public static Node Convert(Node node, ColumnType wanted, Func<string> mistake, int position) =>
        node.Type == wanted ? node
        : node.Type == ColumnType.Null ? new ConstantNode(wanted, null)
        : Types.Fits(node.Type, wanted) ? new WidenNode(node)
        : throw new ExpressionException(position, mistake());

    private static ConstantNode Constant(object? value) => value switch
    {
        null => new ConstantNode(ColumnType.Null, null),
        bool => new ConstantNode(ColumnType.Bool, value),
        long => new ConstantNode(ColumnType.Int, value),
        double => new ConstantNode(ColumnType.Float, value),
        _ => new ConstantNode(ColumnType.Text, value),
    };

    private Node Bind(Call call)
    {
        Node[] arguments = [.. call.Arguments.Select(Bind)];
        return call.Function switch
        {
            "and" => Logic(call, arguments, SpecialForms.And),
            "or" => Logic(call, arguments, SpecialForms.Or),
            "is null" => new CallNode(ColumnType.Bool, SpecialForms.IsNull, [arguments[0].Type == ColumnType.Null ? new ConstantNode(ColumnType.Bool, null) : arguments[0]]),
            "in" => In(call, arguments),
            "if" => If(call, arguments),
            "coalesce" => Coalesce(call, arguments),
            "nullif" => NullIf(call, arguments),
            "now" => arguments.Length == 0 ? new NowNode() : throw new ExpressionException(call.Position, "now() takes no argument."),
            _ => Function(call.Function, arguments, call.Position),
        };
    }

    private static CallNode Logic(Call call, Node[] arguments, Kernel kernel) =>
        new(ColumnType.Bool, kernel, [.. arguments.Select((argument, index) =>
            Convert(argument, ColumnType.Bool, () => $"'{call.Function}' needs BOOL, not {argument.Type.Name()}.", call.Arguments[index].Position))]);

    private static CallNode In(Call call, Node[] arguments)
    {
        if (arguments.Length < 2)
        {
            throw new ExpressionException(call.Position, "'in' needs at least one value in its parentheses.");
        }

        return arguments.Skip(1).Select(candidate => Function("==", [arguments[0], candidate], call.Position))
            .Aggregate((left, right) => new CallNode(ColumnType.Bool, SpecialForms.Or, [left, right]));
    }

    private static CallNode If(Call call, Node[] arguments)
    {
        if (arguments.Length < 3 || arguments.Length % 2 == 0)
        {
            throw new ExpressionException(call.Position, "if needs a condition and a value, any number of further conditions and values, and a last value: if(c1, v1, c2, v2, …, otherwise).");
        }

        bool IsCondition(int index) => index % 2 == 0 && index + 1 < arguments.Length;
        var type = Common(call, arguments, index => !IsCondition(index));
        return new CallNode(type, SpecialForms.If(type), [.. arguments.Select((argument, index) => IsCondition(index)
            ? Convert(argument, ColumnType.Bool, () => $"A condition is BOOL, not {argument.Type.Name()}.", call.Arguments[index].Position)
            : Convert(argument, type, () => "", call.Arguments[index].Position))]);
    }

    private static CallNode Coalesce(Call call, Node[] arguments)
    {
        if (arguments.Length < 2)
        {
            throw new ExpressionException(call.Position, "coalesce needs at least two values.");
        }

        var type = Common(call, arguments, _ => true);
        return new CallNode(type, SpecialForms.Coalesce(type), [.. arguments.Select((argument, index) => Convert(argument, type, () => "", call.Arguments[index].Position))]);
    }

    private static Node NullIf(Call call, Node[] arguments)
    {
        if (arguments.Length != 2)
        {
            throw new ExpressionException(call.Position, "nullif needs two values.");
        }

        var type = arguments[0].Type;
        return type == ColumnType.Null ? arguments[0]
            : new CallNode(type, SpecialForms.If(type), [Function("==", arguments, call.Position), new ConstantNode(type, null), arguments[0]]);
    }

    /// <summary>The type that all chosen arguments fit.</summary>
    private static ColumnType Common(Call call, Node[] arguments, Func<int, bool> chosen)
    {
        var type = ColumnType.Null;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (chosen(i))
            {
                type = Types.Common(type, arguments[i].Type)
                    ?? throw new ExpressionException(call.Arguments[i].Position, $"The values of {call.Function} have one type; this is {arguments[i].Type.Name()}, one before it {type.Name()}.");
            }
        }

        return type == ColumnType.Null ? throw new ExpressionException(call.Position, $"All values of {call.Function} are null; at least one needs a type.") : type;
    }

    private static CallNode Function(string name, Node[] arguments, int position)
    {
        if (name is "==" or "!=" && arguments.Any(argument => argument.Type == ColumnType.Null))
        {
            throw new ExpressionException(position, $"'{name} null' is never true; write 'is null' or 'is not null'.");
        }

        var overloads = FunctionTable.Find(name) ?? throw new ExpressionException(position, $"There is no function '{name}'.{Hint(name)}");
        if (FunctionTable.Folding.Contains(name) && arguments.Length > 2)
        {
            return Function(name, [Function(name, arguments[..^1], position), arguments[^1]], position);
        }

        // The first form that fits without widening, else the first that fits: forms for whole numbers stand before those for floating ones.
        var types = arguments.Select(argument => argument.Type).ToArray();
        var found = overloads.FirstOrDefault(overload => overload.Parameters.SequenceEqual(types))
            ?? overloads.FirstOrDefault(overload => overload.Parameters.Count == types.Length && overload.Parameters.Zip(types).All(pair => Types.Fits(pair.Second, pair.First)))
            ?? throw new ExpressionException(position, $"{name}({string.Join(", ", types.Select(type => type.Name()))}) is not possible; allowed: {string.Join(" ", overloads.Select(overload => name + overload))}.");
        return new CallNode(found.Result, found.Kernel, [.. arguments.Zip(found.Parameters).Select(pair => Convert(pair.First, pair.Second, () => "", position))]);
    }

    private static string Hint(string name) =>
        FunctionTable.Names.Where(known => char.IsAsciiLetter(known[0]) && (known.StartsWith(name, StringComparison.Ordinal) || name.StartsWith(known, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal).FirstOrDefault() is { } close ? $" Did you mean '{close}'?" : "";
}
