using System.Runtime.InteropServices;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Explanations.Rows;

/// <summary>Single numbers in the protocol's datatypes.</summary>
internal static class RawNumbers
{
    public static double Get(Datatype datatype, ReadOnlySpan<byte> cell) => datatype switch
    {
        Datatype.Bool or Datatype.Uint8 => cell[0],
        Datatype.Int8 => (sbyte)cell[0],
        Datatype.Uint16 => MemoryMarshal.Read<ushort>(cell),
        Datatype.Int16 => MemoryMarshal.Read<short>(cell),
        Datatype.Uint32 => MemoryMarshal.Read<uint>(cell),
        Datatype.Int32 => MemoryMarshal.Read<int>(cell),
        Datatype.Uint64 => MemoryMarshal.Read<ulong>(cell),
        Datatype.Int64 => MemoryMarshal.Read<long>(cell),
        Datatype.Fp16 => (double)MemoryMarshal.Read<Half>(cell),
        Datatype.Fp32 => MemoryMarshal.Read<float>(cell),
        _ => MemoryMarshal.Read<double>(cell),
    };

    public static void Set(Datatype datatype, Span<byte> cell, double value)
    {
        switch (datatype)
        {
            case Datatype.Bool: cell[0] = value >= 0.5 ? (byte)1 : (byte)0; break;
            case Datatype.Uint8: cell[0] = byte.CreateSaturating(Math.Round(value)); break;
            case Datatype.Int8: cell[0] = (byte)sbyte.CreateSaturating(Math.Round(value)); break;
            case Datatype.Uint16: MemoryMarshal.Write(cell, ushort.CreateSaturating(Math.Round(value))); break;
            case Datatype.Int16: MemoryMarshal.Write(cell, short.CreateSaturating(Math.Round(value))); break;
            case Datatype.Uint32: MemoryMarshal.Write(cell, uint.CreateSaturating(Math.Round(value))); break;
            case Datatype.Int32: MemoryMarshal.Write(cell, int.CreateSaturating(Math.Round(value))); break;
            case Datatype.Uint64: MemoryMarshal.Write(cell, ulong.CreateSaturating(Math.Round(value))); break;
            case Datatype.Int64: MemoryMarshal.Write(cell, long.CreateSaturating(Math.Round(value))); break;
            case Datatype.Fp16: MemoryMarshal.Write(cell, (Half)value); break;
            case Datatype.Fp32: MemoryMarshal.Write(cell, (float)value); break;
            default: MemoryMarshal.Write(cell, value); break;
        }
    }
}
