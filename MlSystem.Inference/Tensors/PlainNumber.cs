using System.Runtime.CompilerServices;

namespace MlSystem.Inference.Tensors;

/// <summary>
/// Reads JSON numbers of few digits, the same values as <see cref="System.Text.Json.Utf8JsonReader"/> in a fraction of its time. A number
/// with more digits or a larger exponent than arithmetic in <see langword="double"/> is exact for is left to the reader.
/// </summary>
internal static class PlainNumber
{
    /// <summary>Whole numbers up to here are exact in a double.</summary>
    private const ulong MaxExact = 1UL << 53;

    private static readonly double[] PowersOfTen =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>
    /// A number at the start of a text that goes on behind it. One operation on two exact doubles is rounded once, which
    /// is what correct rounding asks for (Clinger, "How to read floating point numbers accurately", 1990).
    /// </summary>
    public static bool TryDouble(ReadOnlySpan<byte> text, out double value, out int length)
    {
        value = 0;
        var negative = text[0] == '-';
        length = negative ? 1 : 0;
        if (!TryDigits(text, ref length, out var digits, out var scale) || digits > MaxExact || scale > 22)
        {
            return false;
        }

        value = digits / PowersOfTen[scale];
        value = negative ? -value : value;
        return true;
    }

    /// <summary>
    /// The same, rounded to the nearest float. Rounding first to double and then to float can differ from rounding at once only
    /// where the double lies exactly between two floats; those are left to the reader. What is read is 0 or between 1e-22 and 1e16, all normal floats.
    /// </summary>
    public static bool TrySingle(ReadOnlySpan<byte> text, out float value, out int length)
    {
        var read = TryDouble(text, out var wide, out length);
        value = (float)wide;
        var isBetween = (BitConverter.DoubleToUInt64Bits(wide) & 0x1FFF_FFFF) == 0x1000_0000;
        return read && !isBetween;
    }

    /// <summary>A whole number without fraction and exponent of at most 18 digits; not -0, which is no unsigned number.</summary>
    public static bool TryWhole(ReadOnlySpan<byte> text, out long value, out int length)
    {
        value = 0;
        var negative = text[0] == '-';
        length = negative ? 1 : 0;
        if (!TryDigits(text, ref length, out var digits, out var scale) || scale != 0 || (negative && digits == 0))
        {
            return false;
        }

        value = negative ? -(long)digits : (long)digits;
        return true;
    }

    /// <summary>Digits, point, digits; at most 18 of them, no leading zero but one alone, no exponent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryDigits(ReadOnlySpan<byte> text, ref int position, out ulong digits, out int scale)
    {
        digits = 0;
        scale = 0;
        var start = position;
        var i = start;
        for (; (uint)i < (uint)text.Length && (uint)(text[i] - '0') <= 9; i++)
        {
            digits = (digits * 10) + (uint)(text[i] - '0');
            if (i - start == 18)
            {
                return false;
            }
        }

        var whole = i - start;
        if (whole == 0 || (whole > 1 && text[start] == '0'))
        {
            return false;
        }

        if ((uint)i < (uint)text.Length && text[i] == '.')
        {
            var point = i++;
            for (; (uint)i < (uint)text.Length && (uint)(text[i] - '0') <= 9; i++)
            {
                digits = (digits * 10) + (uint)(text[i] - '0');
                if (i - start == 19)
                {
                    return false;
                }
            }

            scale = i - point - 1;
            if (scale == 0)
            {
                return false;
            }
        }

        position = i;
        return (uint)i < (uint)text.Length && text[i] is not ((byte)'e' or (byte)'E');
    }
}
