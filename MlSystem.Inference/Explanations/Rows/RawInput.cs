using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Explanations.Rows;

/// <summary>The values of one model input for some rows, row-major, in the input's own datatype.</summary>
internal sealed class RawInput
{
    private readonly byte[] _values = [];
    private readonly byte[][] _text = [];

    /// <param name="rowShape">Dimensions behind the first; of an input that does not count rows all of them.</param>
    public RawInput(TensorInfo info, bool hasRows, long[] rowShape, int rows)
    {
        Info = info;
        HasRows = hasRows;
        RowShape = rowShape;
        Width = checked((int)rowShape.Aggregate(1L, (product, dim) => product * dim));
        Rows = hasRows ? rows : 1;
        if (IsText)
        {
            _text = new byte[Rows * Width][];
            Array.Fill(_text, []);
        }
        else
        {
            _values = new byte[checked(Rows * Width * info.Datatype.Size())];
        }
    }

    public TensorInfo Info { get; }

    /// <summary>Whether its first dimension counts rows; else all rows share it.</summary>
    public bool HasRows { get; }

    public long[] RowShape { get; }

    /// <summary>Elements a row.</summary>
    public int Width { get; }

    public int Rows { get; }

    public bool IsText => Info.Datatype == Datatype.Bytes;

    public static RawInput From(Tensor tensor, bool hasRows)
    {
        var input = new RawInput(tensor.Info, hasRows, hasRows ? tensor.Shape[1..] : tensor.Shape, hasRows ? (int)tensor.Rows : 1);
        if (input.IsText)
        {
            for (var i = 0; i < tensor.Count; i++)
            {
                input._text[i] = tensor.GetBytes(i).ToArray();
            }
        }
        else
        {
            tensor.Raw.CopyTo(input._values);
        }

        return input;
    }

    public RawInput Empty(int rows) => new(Info, HasRows, RowShape, rows);

    public ReadOnlySpan<byte> Text(int row, int element) => _text[(row * Width) + element];

    public void SetText(int row, int element, byte[] value) => _text[(row * Width) + element] = value;

    /// <summary>The element as a number; NaN where it is missing.</summary>
    public double Number(int row, int element) => RawNumbers.Get(Info.Datatype, Cell(row, element));

    /// <summary>Stores a number, rounded where the datatype has whole ones only.</summary>
    public void SetNumber(int row, int element, double value) => RawNumbers.Set(Info.Datatype, Cell(row, element), value);

    /// <summary>Whether two cells hold the same value; two missing ones do.</summary>
    public bool Same(int row, int element, RawInput other, int otherRow) => IsText
        ? Text(row, element).SequenceEqual(other.Text(otherRow, element))
        : Cell(row, element).SequenceEqual(other.Cell(otherRow, element));

    public void Copy(int row, int element, RawInput target, int targetRow)
    {
        if (IsText)
        {
            target._text[(targetRow * Width) + element] = _text[(row * Width) + element];
        }
        else
        {
            Cell(row, element).CopyTo(target.Cell(targetRow, element));
        }
    }

    /// <summary>Copies all elements of a row.</summary>
    public void CopyRow(int row, RawInput target, int targetRow)
    {
        for (var element = 0; element < Width; element++)
        {
            Copy(row, element, target, targetRow);
        }
    }

    /// <summary>Makes rows the content of a tensor.</summary>
    public void Load(Tensor tensor, int start, int count)
    {
        var elements = (HasRows ? count : 1) * Width;
        var from = HasRows ? start * Width : 0;
        tensor.Resize(HasRows ? [count, .. RowShape] : RowShape, elements);
        tensor.IsPresent = true;
        if (IsText)
        {
            for (var i = 0; i < elements; i++)
            {
                tensor.SetBytes(i, _text[from + i]);
            }
        }
        else
        {
            _values.AsSpan(from * Info.Datatype.Size(), elements * Info.Datatype.Size()).CopyTo(tensor.Raw);
        }
    }

    private Span<byte> Cell(int row, int element)
    {
        var size = Info.Datatype.Size();
        return _values.AsSpan(((row * Width) + element) * size, size);
    }
}
