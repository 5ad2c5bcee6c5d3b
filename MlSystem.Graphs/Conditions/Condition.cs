using MlSystem.Contracts;

namespace MlSystem.Graphs.Conditions;

/// <summary>
/// Something that is true or false of a row: comparisons of columns with numbers, texts and other columns, joined by <c>and</c>,
/// <c>or</c>, <c>not</c> and parentheses. It can do nothing but compare: no calls, no loops, bounded length and depth.
/// </summary>
public abstract class Condition
{
    /// <summary>Longest condition in characters.</summary>
    public const int MaxLength = 4_000;

    /// <summary>Reads a condition such as <c>age &gt;= 30 and (plan == 'gold' or not vip)</c>.</summary>
    /// <exception cref="ConditionException">It is not one; the message says where.</exception>
    public static Condition Parse(string text) => new ConditionParser(text).Parse();

    /// <summary>Whether it holds for a row; asked only where <see cref="Problems"/> finds none. A comparison with a missing number (NaN) is false, but for <c>!=</c>.</summary>
    public abstract bool Holds(IConditionRow row);

    /// <summary>What is wrong with it for tensors of these types, in words.</summary>
    /// <param name="find">The tensor of a name; null when there is none.</param>
    public abstract IEnumerable<string> Problems(Func<string, TensorSpec?> find);
}

/// <summary>The values of one row.</summary>
public interface IConditionRow
{
    /// <summary>Whether it is a BYTES tensor.</summary>
    bool IsText(string tensor);

    /// <summary>A numeric or boolean (0 and 1) element of the row.</summary>
    double Number(string tensor, int element);

    /// <summary>A BYTES element of the row.</summary>
    string Text(string tensor, int element);
}

/// <summary>A text that is no condition.</summary>
public sealed class ConditionException(string message) : Exception(message);

internal sealed class AllOf(IReadOnlyList<Condition> parts) : Condition
{
    public override bool Holds(IConditionRow row) => parts.All(part => part.Holds(row));

    public override IEnumerable<string> Problems(Func<string, TensorSpec?> find) => parts.SelectMany(part => part.Problems(find));
}

internal sealed class AnyOf(IReadOnlyList<Condition> parts) : Condition
{
    public override bool Holds(IConditionRow row) => parts.Any(part => part.Holds(row));

    public override IEnumerable<string> Problems(Func<string, TensorSpec?> find) => parts.SelectMany(part => part.Problems(find));
}

internal sealed class Not(Condition inner) : Condition
{
    public override bool Holds(IConditionRow row) => !inner.Holds(row);

    public override IEnumerable<string> Problems(Func<string, TensorSpec?> find) => inner.Problems(find);
}
