using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;

namespace MlSystem.FeatureStore.Streams.Sketches;

/// <summary>
/// How many different values (Flajolet et al. 2007) with 4,096 registers: standard error 1.04/√4096 = 1.6 %. Up to <see cref="MaxExact"/> values their
/// hashes are kept and the count is exact. Estimated as by Ertl 2017 ("New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6),
/// which needs no correction by range. Merging does not depend on the order. At most 4 KiB.
/// </summary>
public sealed class HyperLogLog
{
    public const int MaxExact = 128;
    private const int Precision = 12;
    private const int Registers = 1 << Precision;
    private const int Ranks = 64 - Precision;

    private readonly List<ulong> _hashes = [];
    private byte[]? _registers;

    public int Bytes => 64 + (_registers is null ? _hashes.Capacity * sizeof(ulong) : Registers);

    public static ulong Hash(ReadOnlySpan<byte> value) => XxHash64.HashToUInt64(value);

    public static ulong Hash(long bits) => XxHash64.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(ref bits)));

    public void Add(ulong hash)
    {
        if (_registers is not null)
        {
            Set(hash);
        }
        else if (_hashes.BinarySearch(hash) is < 0 and var place)
        {
            _hashes.Insert(~place, hash);
            if (_hashes.Count > MaxExact)
            {
                MakeDense();
            }
        }
    }

    public void Merge(HyperLogLog other)
    {
        if (other._registers is { } registers)
        {
            MakeDense();
            for (var i = 0; i < Registers; i++)
            {
                _registers![i] = Math.Max(_registers[i], registers[i]);
            }

            return;
        }

        foreach (var hash in other._hashes)
        {
            Add(hash);
        }
    }

    public void Clear()
    {
        _hashes.Clear();
        _registers = null;
    }

    public long Estimate() => _registers is null ? _hashes.Count : (long)Math.Round(EstimateDense());

    public void Write(BinaryWriter writer)
    {
        writer.Write(_registers is not null);
        if (_registers is not null)
        {
            writer.Write(_registers);
            return;
        }

        writer.Write((byte)_hashes.Count);
        _hashes.ForEach(writer.Write);
    }

    public static HyperLogLog Read(BinaryReader reader)
    {
        var sketch = new HyperLogLog();
        if (reader.ReadBoolean())
        {
            sketch._registers = reader.ReadBytes(Registers);
            return sketch;
        }

        for (int left = reader.ReadByte(); left > 0; left--)
        {
            sketch._hashes.Add(reader.ReadUInt64());
        }

        return sketch;
    }

    private void MakeDense()
    {
        if (_registers is null)
        {
            _registers = new byte[Registers];
            _hashes.ForEach(Set);
            _hashes.Clear();
            _hashes.TrimExcess();
        }
    }

    private void Set(ulong hash)
    {
        var register = (int)(hash >> Ranks);
        var rank = (byte)(BitOperations.LeadingZeroCount((hash << Precision) | (1UL << (Precision - 1))) + 1);
        _registers![register] = Math.Max(_registers[register], rank);
    }

    private double EstimateDense()
    {
        Span<int> counts = stackalloc int[Ranks + 2];
        foreach (var rank in _registers!)
        {
            counts[rank]++;
        }

        var z = Registers * Tau(1 - ((double)counts[Ranks + 1] / Registers));
        for (var rank = Ranks; rank >= 1; rank--)
        {
            z = 0.5 * (z + counts[rank]);
        }

        z += Registers * Sigma((double)counts[0] / Registers);
        return Registers / (2 * Math.Log(2)) * (Registers / z);
    }

    private static double Sigma(double x)
    {
        if (x >= 1)
        {
            return double.PositiveInfinity;
        }

        var (y, z) = (1.0, x);
        for (var before = double.NaN; before != z; y += y)
        {
            x *= x;
            before = z;
            z += x * y;
        }

        return z;
    }

    private static double Tau(double x)
    {
        if (x is <= 0 or >= 1)
        {
            return 0;
        }

        var (y, z) = (1.0, 1 - x);
        for (var before = double.NaN; before != z;)
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }

        return z / 3;
    }
}
