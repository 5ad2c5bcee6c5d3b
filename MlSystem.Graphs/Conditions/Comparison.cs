using MlSystem.Contracts;

namespace MlSystem.Graphs.Conditions;

internal enum Comparator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Two operands compared.</summary>
internal sealed class Comparison(Operand left, Comparator comparator, Operand right) : Condition
{
    public override bool Holds(IConditionRow row)
    {
        if (left.IsText(row))
        {
            return string.Equals(left.Text(row), right.Text(row), StringComparison.Ordinal) == (comparator == Comparator.Equal);
        }

        var (a, b) = (left.Number(row), right.Number(row));
        return comparator switch
        {
            Comparator.Equal => a == b,
            Comparator.NotEqual => a != b,
            Comparator.Less => a < b,
            Comparator.LessOrEqual => a <= b,
            Comparator.Greater => a > b,
            _ => a >= b,
        };
    }

    public override IEnumerable<string> Problems(Func<string, TensorSpec?> find)
    {
        string?[] operands = [left.Problem(find), right.Problem(find)];
        if (operands.Any(problem => problem is not null))
        {
            return operands.OfType<string>();
        }

        var (a, b) = (left.Kind(find), right.Kind(find));
        return a != b ? [$"{Words(a)} is compared with {Words(b)}"]
            : a != OperandKind.Number && comparator is not (Comparator.Equal or Comparator.NotEqual) ? [$"{Words(a)} is compared by size; only == and != are allowed"]
            : [];
    }

    private static string Words(OperandKind kind) => kind switch
    {
        OperandKind.Number => "a number",
        OperandKind.Text => "a text",
        _ => "a truth value",
    };
}

/// <summary>A BOOL column by itself.</summary>
internal sealed class Truth(Operand operand) : Condition
{
    public override bool Holds(IConditionRow row) => operand.Number(row) != 0;

    public override IEnumerable<string> Problems(Func<string, TensorSpec?> find) =>
        operand.Problem(find) is { } problem ? [problem]
        : operand.Kind(find) == OperandKind.Boolean ? []
        : [$"'{operand.Tensor}' is no BOOL: compare it with something"];
}

/// <summary>Whether a value is missing: NaN, or the empty text.</summary>
internal sealed class Missing(Operand operand) : Condition
{
    public override bool Holds(IConditionRow row) => operand.IsText(row) ? operand.Text(row).Length == 0 : double.IsNaN(operand.Number(row));

    public override IEnumerable<string> Problems(Func<string, TensorSpec?> find) => operand.Problem(find) is { } problem ? [problem] : [];
}
