using System.Buffers;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;

namespace MlSystem.Monitor.History;

/// <summary>Cuts tensors <c>[N, …]</c> into one JSON object a row: a scalar a column for <c>[N]</c> and <c>[N,1]</c>, else the row's flat array.</summary>
internal sealed class RowSlices(IReadOnlyDictionary<string, TensorColumn> columns, int rows)
{
    private readonly List<(string Name, JsonElement[] Data)> _columns =
        [.. columns.Select(column => (column.Key, column.Value.Data.ValueKind == JsonValueKind.Array ? column.Value.Data.EnumerateArray().ToArray() : []))];

    public string Json(int row)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, data) in _columns)
            {
                writer.WritePropertyName(name);
                Write(writer, Slice(data, row));
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>A tensor that has no row dimension belongs to every row.</summary>
    private ReadOnlySpan<JsonElement> Slice(JsonElement[] data, int row)
    {
        var stride = data.Length / rows;
        return stride > 0 && data.Length == stride * rows ? data.AsSpan(row * stride, stride) : data;
    }

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<JsonElement> values)
    {
        if (values.Length == 1)
        {
            values[0].WriteTo(writer);
            return;
        }

        writer.WriteStartArray();
        foreach (var value in values)
        {
            value.WriteTo(writer);
        }

        writer.WriteEndArray();
    }
}
