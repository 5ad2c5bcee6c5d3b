using System.Text.Json;

namespace MlSystem.Inference.Tensors;

/// <summary>Reads one JSON number or literal as an element of a tensor.</summary>
internal interface IJsonElement<T>
    where T : unmanaged
{
    static abstract bool TryRead(ref Utf8JsonReader json, out T value);

    /// <summary>The missing value, where the datatype has one.</summary>
    static virtual T Missing => default;

    static virtual JsonTokenType Token => JsonTokenType.Number;
}

internal readonly struct JsonInt8 : IJsonElement<sbyte>
{
    public static bool TryRead(ref Utf8JsonReader json, out sbyte value) => json.TryGetSByte(out value);
}

internal readonly struct JsonInt16 : IJsonElement<short>
{
    public static bool TryRead(ref Utf8JsonReader json, out short value) => json.TryGetInt16(out value);
}

internal readonly struct JsonInt32 : IJsonElement<int>
{
    public static bool TryRead(ref Utf8JsonReader json, out int value) => json.TryGetInt32(out value);
}

internal readonly struct JsonInt64 : IJsonElement<long>
{
    public static bool TryRead(ref Utf8JsonReader json, out long value) => json.TryGetInt64(out value);
}

internal readonly struct JsonUint8 : IJsonElement<byte>
{
    public static bool TryRead(ref Utf8JsonReader json, out byte value) => json.TryGetByte(out value);
}

internal readonly struct JsonUint16 : IJsonElement<ushort>
{
    public static bool TryRead(ref Utf8JsonReader json, out ushort value) => json.TryGetUInt16(out value);
}

internal readonly struct JsonUint32 : IJsonElement<uint>
{
    public static bool TryRead(ref Utf8JsonReader json, out uint value) => json.TryGetUInt32(out value);
}

internal readonly struct JsonUint64 : IJsonElement<ulong>
{
    public static bool TryRead(ref Utf8JsonReader json, out ulong value) => json.TryGetUInt64(out value);
}

/// <summary>A number beyond the type's range reads as an infinity and counts as unreadable.</summary>
internal readonly struct JsonFp32 : IJsonElement<float>
{
    public static float Missing => float.NaN;

    public static bool TryRead(ref Utf8JsonReader json, out float value) => json.TryGetSingle(out value) && float.IsFinite(value);
}

internal readonly struct JsonFp64 : IJsonElement<double>
{
    public static double Missing => double.NaN;

    public static bool TryRead(ref Utf8JsonReader json, out double value) => json.TryGetDouble(out value) && double.IsFinite(value);
}

internal readonly struct JsonFp16 : IJsonElement<Half>
{
    public static Half Missing => Half.NaN;

    public static bool TryRead(ref Utf8JsonReader json, out Half value)
    {
        var read = json.TryGetDouble(out var wide);
        value = (Half)wide;
        return read && Half.IsFinite(value);
    }
}
