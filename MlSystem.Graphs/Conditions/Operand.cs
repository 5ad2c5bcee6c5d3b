using System.Globalization;
using MlSystem.Contracts;

namespace MlSystem.Graphs.Conditions;

/// <summary>Kinds of value that are compared with each other.</summary>
internal enum OperandKind
{
    Number,
    Text,
    Boolean,
}

/// <summary>One side of a comparison: a literal, or an element of a tensor's row.</summary>
internal sealed record Operand
{
    /// <summary>The tensor; null for a literal.</summary>
    public string? Tensor { get; init; }

    /// <summary>Element of the tensor's row: 0 for a column.</summary>
    public int Element { get; init; }

    /// <summary>Whether the condition names the element.</summary>
    public bool IsIndexed { get; init; }

    public OperandKind LiteralKind { get; init; }

    public double NumberValue { get; init; }

    public string TextValue { get; init; } = "";

    public bool IsText(IConditionRow row) => Tensor is null ? LiteralKind == OperandKind.Text : row.IsText(Tensor);

    public double Number(IConditionRow row) => Tensor is null ? NumberValue : row.Number(Tensor, Element);

    public string Text(IConditionRow row) => Tensor is null ? TextValue : row.Text(Tensor, Element);

    public OperandKind Kind(Func<string, TensorSpec?> find) => Tensor is null ? LiteralKind : find(Tensor)?.Datatype switch
    {
        "BYTES" => OperandKind.Text,
        "BOOL" => OperandKind.Boolean,
        _ => OperandKind.Number,
    };

    public string? Problem(Func<string, TensorSpec?> find)
    {
        if (Tensor is null)
        {
            return null;
        }

        if (find(Tensor) is not { } spec)
        {
            return $"there is no tensor '{Tensor}'";
        }

        // The first dimension counts rows, where it is dynamic.
        var row = spec.Shape.Count > 0 && spec.Shape[0] < 0 ? spec.Shape.Skip(1) : spec.Shape;
        var elements = row.Aggregate(1L, (product, dimension) => dimension < 0 || product < 0 ? -1 : product * dimension);
        return elements < 0 ? $"a row of '{Tensor}' has no fixed number of elements"
            : Element >= elements ? string.Create(CultureInfo.InvariantCulture, $"a row of '{Tensor}' has {elements} element(s), there is none [{Element}]")
            : elements > 1 && !IsIndexed ? string.Create(CultureInfo.InvariantCulture, $"a row of '{Tensor}' has {elements} elements: name one, as in {Tensor}[0]")
            : null;
    }
}
