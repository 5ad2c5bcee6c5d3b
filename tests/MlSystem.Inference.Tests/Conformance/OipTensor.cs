using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>A tensor as the protocol's raw form has it: little-endian, row-major, BYTES elements behind a 4-byte length. Every client turns it into its own form.</summary>
public sealed record OipTensor(string Name, string Datatype, long[] Shape, byte[] Raw)
{
    public static OipTensor Of<T>(string name, string datatype, long[] shape, params T[] values)
        where T : unmanaged => new(name, datatype, shape, MemoryMarshal.AsBytes<T>(values).ToArray());

    public static OipTensor Bytes(string name, long[] shape, params string[] values) => new(name, "BYTES", shape, [.. values.SelectMany(Element)]);

    public T[] Values<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Raw).ToArray();

    public string[] Strings() => [.. Elements().Select(Encoding.UTF8.GetString)];

    public IEnumerable<byte[]> Elements()
    {
        for (var at = 0; at < Raw.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(Raw.AsSpan(at));
            yield return Raw[(at + 4)..(at + 4 + length)];
            at += 4 + length;
        }
    }

    /// <summary>The elements as JSON literals.</summary>
    public IEnumerable<string> Literals() => Datatype switch
    {
        "BOOL" => Raw.Select(b => b == 0 ? "false" : "true"),
        "UINT8" => Raw.Select(Text),
        "UINT16" => Values<ushort>().Select(Text),
        "UINT32" => Values<uint>().Select(Text),
        "UINT64" => Values<ulong>().Select(Text),
        "INT8" => Values<sbyte>().Select(Text),
        "INT16" => Values<short>().Select(Text),
        "INT32" => Values<int>().Select(Text),
        "INT64" => Values<long>().Select(Text),
        "FP16" => Values<Half>().Select(value => Text((float)value)),
        "FP64" => Values<double>().Select(Text),
        "BYTES" => Strings().Select(text => System.Text.Json.JsonSerializer.Serialize(text)),
        _ => Values<float>().Select(Text),
    };

    private static IEnumerable<byte> Element(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        return [.. length, .. bytes];
    }

    private static string Text<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
