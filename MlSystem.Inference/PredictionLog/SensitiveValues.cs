using System.Buffers.Binary;
using System.Security.Cryptography;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.PredictionLog;

/// <summary>
/// Replaces values by keyed hashes: the first 16 bytes of HMAC-SHA256 (RFC 2104, FIPS 180-4) over the value's raw bytes, as 32
/// hexadecimal digits. Equal values of one datatype stay equal; a missing value stays missing (the empty string).
/// </summary>
internal sealed class SensitiveValues(HashKey key)
{
    private const int Digits = 32;

    /// <summary>Writes the hashes of a column's elements as raw BYTES elements.</summary>
    public void Write(ColumnBuilder column, PooledBytes output)
    {
        var rest = column.Data.Written;
        while (!rest.IsEmpty)
        {
            var (skip, length) = column.Info.Datatype == Datatype.Bytes
                ? (sizeof(uint), (int)BinaryPrimitives.ReadUInt32LittleEndian(rest))
                : (0, column.Info.Datatype.Size());
            var value = rest.Slice(skip, length);
            if (IsMissing(column.Info.Datatype, value))
            {
                BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), 0);
                output.Advance(sizeof(uint));
            }
            else
            {
                Write(value, output);
            }

            rest = rest[(skip + length)..];
        }
    }

    private void Write(ReadOnlySpan<byte> value, PooledBytes output)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Bytes, value, hash);
        var target = output.GetSpan(sizeof(uint) + Digits);
        BinaryPrimitives.WriteUInt32LittleEndian(target, Digits);
        Convert.TryToHexStringLower(hash[..(Digits / 2)], target.Slice(sizeof(uint), Digits), out _);
        output.Advance(sizeof(uint) + Digits);
    }

    private static bool IsMissing(Datatype datatype, ReadOnlySpan<byte> value) => datatype switch
    {
        Datatype.Bytes => value.IsEmpty,
        Datatype.Fp16 => Half.IsNaN(BinaryPrimitives.ReadHalfLittleEndian(value)),
        Datatype.Fp32 => float.IsNaN(BinaryPrimitives.ReadSingleLittleEndian(value)),
        Datatype.Fp64 => double.IsNaN(BinaryPrimitives.ReadDoubleLittleEndian(value)),
        _ => false,
    };
}
