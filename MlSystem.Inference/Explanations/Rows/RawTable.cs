using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Explanations.Rows;

/// <summary>Rows as a model takes them, apart from any session: what explanations mix and perturb.</summary>
internal sealed class RawTable
{
    private RawTable(IReadOnlyList<RawInput> inputs, int rows)
    {
        Inputs = inputs;
        Rows = rows;
    }

    /// <summary>In the model's order.</summary>
    public IReadOnlyList<RawInput> Inputs { get; }

    public int Rows { get; }

    /// <summary>Copies a request's inputs.</summary>
    public static RawTable From(IModelRuntime runtime, TensorSet tensors, int rows)
    {
        // A model whose outputs do not count rows is explained as a whole: its inputs are one row.
        if (!runtime.HasRows && rows != 1)
        {
            throw InferenceException.Invalid("the model's outputs do not count rows, so only one can be explained at a time");
        }

        return new RawTable([.. tensors.Inputs.Select(tensor => RawInput.From(tensor, runtime.HasRows && tensor.Info.HasRows))], rows);
    }

    /// <summary>Rows of the same form, without values; inputs that all rows share keep theirs.</summary>
    public RawTable Empty(int rows) => new([.. Inputs.Select(input => input.HasRows || Rows == 0 ? input.Empty(rows) : Shared(input))], rows);

    /// <summary>The row that the table and another have in the same form.</summary>
    public void CopyRow(int row, RawTable target, int targetRow)
    {
        for (var i = 0; i < Inputs.Count; i++)
        {
            Inputs[i].CopyRow(Inputs[i].HasRows ? row : 0, target.Inputs[i], Inputs[i].HasRows ? targetRow : 0);
        }
    }

    public void Load(TensorSet tensors, int start, int count)
    {
        for (var i = 0; i < Inputs.Count; i++)
        {
            Inputs[i].Load(tensors.Inputs[i], start, count);
        }
    }

    private static RawInput Shared(RawInput input)
    {
        var copy = input.Empty(1);
        input.CopyRow(0, copy, 0);
        return copy;
    }
}

/// <summary>A raw column whose contribution is told: an element of a row of an input.</summary>
/// <param name="Input">Place of the input in the model.</param>
/// <param name="Element">Row-major position in a row of the input.</param>
/// <param name="Name">The input's name, with the position behind it where a row has several: <c>x[3]</c>.</param>
internal sealed record RawColumn(int Input, int Element, string Name)
{
    /// <summary>Most columns that one answer tells of.</summary>
    public const int MaxColumns = 4096;

    /// <exception cref="InferenceException">There are too many.</exception>
    public static IReadOnlyList<RawColumn> Of(RawTable table)
    {
        var columns = new List<RawColumn>();
        var byRow = table.Inputs.Any(input => input.HasRows);
        foreach (var (index, input) in table.Inputs.Index().Where(input => input.Item.HasRows || !byRow))
        {
            if (columns.Count + input.Width > MaxColumns)
            {
                throw InferenceException.Invalid($"a row has more than {MaxColumns} values, which is more than can be explained");
            }

            columns.AddRange(Enumerable.Range(0, input.Width).Select(element => new RawColumn(index, element, Label(input, element))));
        }

        return columns;
    }

    public RawInput In(RawTable table) => table.Inputs[Input];

    public void Copy(RawTable from, int row, RawTable to, int toRow) => from.Inputs[Input].Copy(row, Element, to.Inputs[Input], toRow);

    public bool Same(RawTable left, int row, RawTable right, int rightRow) => left.Inputs[Input].Same(row, Element, right.Inputs[Input], rightRow);

    private static string Label(RawInput input, int element)
    {
        if (input.Width == 1)
        {
            return input.Info.Name;
        }

        var position = new List<long>();
        long rest = element;
        foreach (var dim in input.RowShape.Reverse())
        {
            position.Insert(0, rest % dim);
            rest /= dim;
        }

        return $"{input.Info.Name}[{string.Join(',', position)}]";
    }
}
