using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using MlSystem.Contracts;

namespace MlSystem.Monitor.Ingestion;

/// <summary>One tensor of the requests of a batch, checked against its data, and cut into rows.</summary>
internal sealed class BatchTensor
{
    private readonly JsonEncodedText _name;
    private readonly string _datatype;
    private readonly ReadOnlyMemory<byte> _data;
    private readonly int _size;

    /// <summary>BYTES: where each element's length stands.</summary>
    private readonly int[] _offsets;

    /// <summary>First element of each request, and the end; a request without elements does not have the tensor.</summary>
    private readonly int[] _starts;

    /// <param name="rows">Rows of each request.</param>
    /// <exception cref="FormatException">The data does not fit the shapes.</exception>
    public BatchTensor(string name, BatchColumn column, ReadOnlySpan<int> rows)
    {
        (_name, _datatype, _data) = (JsonEncodedText.Encode(name), column.Datatype, column.Data);
        _size = Size(name, column.Datatype);
        _starts = Starts(name, column, rows);
        if (_size == 0)
        {
            _offsets = Offsets(name, _starts[^1]);
        }
        else
        {
            _offsets = [];
            if ((long)_starts[^1] * _size != _data.Length)
            {
                throw new FormatException($"'{name}' has {_data.Length} bytes of data instead of {(long)_starts[^1] * _size}");
            }
        }
    }

    /// <summary>Writes a row as property: a scalar where it has one value, else a flat array. A tensor without a row dimension belongs to every row.</summary>
    public void WriteRow(Utf8JsonWriter json, int request, int row, int rows)
    {
        var (start, count) = (_starts[request], _starts[request + 1] - _starts[request]);
        if (count == 0)
        {
            return;
        }

        json.WritePropertyName(_name);
        if (count % rows == 0)
        {
            count /= rows;
            start += row * count;
        }

        if (count == 1)
        {
            Write(json, start);
            return;
        }

        json.WriteStartArray();
        for (var i = start; i < start + count; i++)
        {
            Write(json, i);
        }

        json.WriteEndArray();
    }

    private void Write(Utf8JsonWriter json, int element)
    {
        var data = _data.Span;
        switch (_datatype)
        {
            case "BOOL": json.WriteBooleanValue(data[element] != 0); break;
            case "UINT8": json.WriteNumberValue((uint)data[element]); break;
            case "INT8": json.WriteNumberValue((int)(sbyte)data[element]); break;
            case "UINT16": json.WriteNumberValue((uint)At<ushort>(data, element)); break;
            case "INT16": json.WriteNumberValue((int)At<short>(data, element)); break;
            case "UINT32": json.WriteNumberValue(At<uint>(data, element)); break;
            case "INT32": json.WriteNumberValue(At<int>(data, element)); break;
            case "UINT64": json.WriteNumberValue(At<ulong>(data, element)); break;
            case "INT64": json.WriteNumberValue(At<long>(data, element)); break;
            case "FP16": Write(json, (float)At<Half>(data, element)); break;
            case "FP32": Write(json, At<float>(data, element)); break;
            case "FP64": Write(json, At<double>(data, element)); break;
            default: WriteText(json, data, _offsets[element]); break;
        }
    }

    private static T At<T>(ReadOnlySpan<byte> data, int element)
        where T : unmanaged => MemoryMarshal.Read<T>(data[(element * Unsafe.SizeOf<T>())..]);

    private static void Write(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void Write(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> data, int offset)
    {
        var element = data.Slice(offset + sizeof(uint), (int)BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]));
        if (Utf8.IsValid(element))
        {
            json.WriteStringValue(element);
        }
        else
        {
            json.WriteStringValue(Encoding.UTF8.GetString(element));
        }
    }

    private static int Size(string name, string datatype) => datatype switch
    {
        "BOOL" or "UINT8" or "INT8" => 1,
        "UINT16" or "INT16" or "FP16" => 2,
        "UINT32" or "INT32" or "FP32" => 4,
        "UINT64" or "INT64" or "FP64" => 8,
        "BYTES" => 0,
        _ => throw new FormatException($"'{name}' has the unknown datatype '{datatype}'"),
    };

    private static int[] Starts(string name, BatchColumn column, ReadOnlySpan<int> rows)
    {
        var starts = new int[rows.Length + 1];
        var absent = column.Absent?.ToHashSet() ?? [];
        for (var i = 0; i < rows.Length; i++)
        {
            long count = absent.Contains(i) ? 0 : 1;
            if (count > 0)
            {
                foreach (var dimension in column.Shapes?.GetValueOrDefault(i) ?? column.Shape)
                {
                    count *= dimension < 0 ? rows[i] : dimension;
                    if (count > int.MaxValue)
                    {
                        throw new FormatException($"'{name}' of request {i} has more than {int.MaxValue} elements");
                    }
                }
            }

            starts[i + 1] = count + starts[i] <= int.MaxValue ? (int)count + starts[i] : throw new FormatException($"'{name}' has more than {int.MaxValue} elements");
        }

        return starts;
    }

    private int[] Offsets(string name, int elements)
    {
        if (elements > _data.Length / sizeof(uint))
        {
            throw new FormatException($"'{name}' has {_data.Length} bytes of data, too few for {elements} elements");
        }

        var (data, offsets, at) = (_data, new int[elements], 0L);
        for (var i = 0; i < elements; i++)
        {
            offsets[i] = at <= data.Length - sizeof(uint) ? (int)at : throw new FormatException($"'{name}': element {i} of {elements} ends behind the data");
            at += sizeof(uint) + (long)BinaryPrimitives.ReadUInt32LittleEndian(data.Span[(int)at..]);
        }

        return at == data.Length ? offsets : throw new FormatException($"'{name}' has {data.Length} bytes of data instead of {at}");
    }
}
