using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using MlSystem.Contracts;

namespace MlSystem.Training.LoggedPredictions;

/// <summary>One tensor of the requests of a batch, cut into rows.</summary>
internal sealed class LoggedColumn
{
    private readonly string _datatype;
    private readonly ReadOnlyMemory<byte> _data;
    private readonly long[] _starts;
    private readonly int[] _texts = [];

    /// <param name="rows">Rows of each request.</param>
    /// <exception cref="FormatException">The data do not fit the shapes.</exception>
    public LoggedColumn(BatchColumn column, IReadOnlyList<int> rows)
    {
        (_datatype, _data) = (column.Datatype, column.Data);
        _starts = Starts(column, rows);
        if (IsText)
        {
            _texts = Texts(_starts[^1]);
        }
        else if (_starts[^1] * Size() != _data.Length)
        {
            throw new FormatException($"A column of {_datatype} has {_data.Length} bytes instead of {_starts[^1] * Size()}.");
        }
    }

    public bool IsText => _datatype == "BYTES";

    /// <summary>First element and number of elements of one row; none where the request does not have the tensor.</summary>
    public (long Start, int Count) Row(int request, int row, int rows)
    {
        var count = _starts[request + 1] - _starts[request];
        return count == 0 || rows == 0 ? (0, 0)
            : count % rows == 0 ? (_starts[request] + (row * (count / rows)), (int)(count / rows))
            : (_starts[request], (int)count);
    }

    public string Text(long element)
    {
        var at = _texts[element];
        return Encoding.UTF8.GetString(_data.Span.Slice(at + sizeof(uint), BinaryPrimitives.ReadInt32LittleEndian(_data.Span[at..])));
    }

    public double Number(long element)
    {
        var bytes = _data.Span[(int)(element * Size())..];
        return _datatype switch
        {
            "BOOL" or "UINT8" => bytes[0],
            "INT8" => (sbyte)bytes[0],
            "UINT16" => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            "INT16" => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            "UINT32" => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            "INT32" => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            "UINT64" => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            "INT64" => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            "FP16" => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            "FP32" => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    /// <summary>A value as JSON; null for a missing one.</summary>
    public JsonNode? Json(long element)
    {
        if (IsText)
        {
            return Text(element);
        }

        var value = Number(element);
        return _datatype == "BOOL" ? value != 0
            : !double.IsFinite(value) ? null
            : value == Math.Truncate(value) && Math.Abs(value) < 1L << 53 ? (long)value
            : _datatype is "FP32" or "FP16" ? (float)value
            : value;
    }

    private int Size() => _datatype switch
    {
        "BOOL" or "UINT8" or "INT8" => 1,
        "UINT16" or "INT16" or "FP16" => 2,
        "UINT32" or "INT32" or "FP32" => 4,
        "UINT64" or "INT64" or "FP64" => 8,
        _ => throw new FormatException($"'{_datatype}' is no datatype."),
    };

    private static long[] Starts(BatchColumn column, IReadOnlyList<int> rows)
    {
        var starts = new long[rows.Count + 1];
        var absent = column.Absent?.ToHashSet() ?? [];
        for (var i = 0; i < rows.Count; i++)
        {
            var shape = column.Shapes?.GetValueOrDefault(i) ?? column.Shape;
            var count = absent.Contains(i) ? 0 : shape.Aggregate(1L, (product, size) => checked(product * (size < 0 ? rows[i] : size)));
            starts[i + 1] = starts[i] + count;
        }

        return starts;
    }

    private int[] Texts(long elements)
    {
        if (elements > _data.Length / sizeof(uint))
        {
            throw new FormatException("A column of BYTES has too few bytes.");
        }

        var (at, offsets) = (0L, new int[elements]);
        for (var i = 0; i < elements; i++)
        {
            offsets[i] = at <= _data.Length - sizeof(uint) ? (int)at : throw new FormatException("A column of BYTES ends too early.");
            at += sizeof(uint) + (long)BinaryPrimitives.ReadUInt32LittleEndian(_data.Span[(int)at..]);
        }

        return at == _data.Length ? offsets : throw new FormatException($"A column of BYTES has {_data.Length} bytes instead of {at}.");
    }
}
