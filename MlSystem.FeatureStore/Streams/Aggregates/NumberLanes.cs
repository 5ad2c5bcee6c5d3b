using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Streams.Aggregates;

/// <summary>How many values, or events.</summary>
internal sealed class CountLane : Lane
{
    private long[] _count = [];

    public override void Grow(int slots) => Array.Resize(ref _count, slots);

    public override void Clear(int slot) => _count[slot] = 0;

    public override void Add(int slot, in FeatureValue value, long eventUs) => _count[slot]++;

    public override void Merge(int into, int from) => _count[into] += _count[from];

    public override FeatureValue Result(int slot, double quantile) => FeatureValue.Of(_count[slot]);

    public override void Write(BinaryWriter writer, int slot) => writer.Write7BitEncodedInt64(_count[slot]);

    public override void Read(BinaryReader reader, int slot) => _count[slot] = reader.Read7BitEncodedInt64();

    public override int Bytes(int slot) => sizeof(long);
}

/// <summary>Sum of whole numbers, exact; a result beyond INT64 is its greatest or least value.</summary>
internal sealed class WholeSumLane : Lane
{
    private Int128[] _sum = [];

    public override void Grow(int slots) => Array.Resize(ref _sum, slots);

    public override void Clear(int slot) => _sum[slot] = 0;

    public override void Add(int slot, in FeatureValue value, long eventUs) => _sum[slot] += value.AsInt64;

    public override void Merge(int into, int from) => _sum[into] += _sum[from];

    public override FeatureValue Result(int slot, double quantile) => FeatureValue.Of((long)Int128.Clamp(_sum[slot], long.MinValue, long.MaxValue));

    public override void Write(BinaryWriter writer, int slot)
    {
        writer.Write((long)(_sum[slot] >> 64));
        writer.Write(unchecked((ulong)_sum[slot]));
    }

    public override void Read(BinaryReader reader, int slot)
    {
        var upper = reader.ReadInt64();
        _sum[slot] = ((Int128)upper << 64) | reader.ReadUInt64();
    }

    public override int Bytes(int slot) => 2 * sizeof(long);
}

/// <summary>Sum of floating numbers; over none 0, beyond FP64 missing.</summary>
internal sealed class SumLane : Lane
{
    private double[] _sum = [];

    public override void Grow(int slots) => Array.Resize(ref _sum, slots);

    public override void Clear(int slot) => _sum[slot] = 0;

    public override void Add(int slot, in FeatureValue value, long eventUs) => _sum[slot] += value.AsFp64;

    public override void Merge(int into, int from) => _sum[into] += _sum[from];

    public override FeatureValue Result(int slot, double quantile) => Finite.Value(_sum[slot]);

    public override void Write(BinaryWriter writer, int slot) => writer.Write(_sum[slot]);

    public override void Read(BinaryReader reader, int slot) => _sum[slot] = reader.ReadDouble();

    public override int Bytes(int slot) => sizeof(double);
}

/// <summary>Mean of numbers.</summary>
internal sealed class MeanLane(bool whole) : Lane
{
    private double[] _sum = [];
    private long[] _count = [];

    public override void Grow(int slots)
    {
        Array.Resize(ref _sum, slots);
        Array.Resize(ref _count, slots);
    }

    public override void Clear(int slot) => (_sum[slot], _count[slot]) = (0, 0);

    public override void Add(int slot, in FeatureValue value, long eventUs)
    {
        _sum[slot] += whole ? value.AsInt64 : value.AsFp64;
        _count[slot]++;
    }

    public override void Merge(int into, int from)
    {
        _sum[into] += _sum[from];
        _count[into] += _count[from];
    }

    public override FeatureValue Result(int slot, double quantile) => _count[slot] == 0 ? FeatureValue.Missing : Finite.Value(_sum[slot] / _count[slot]);

    public override void Write(BinaryWriter writer, int slot)
    {
        writer.Write(_sum[slot]);
        writer.Write7BitEncodedInt64(_count[slot]);
    }

    public override void Read(BinaryReader reader, int slot) => (_sum[slot], _count[slot]) = (reader.ReadDouble(), reader.Read7BitEncodedInt64());

    public override int Bytes(int slot) => 2 * sizeof(long);
}

/// <summary>Least or greatest value.</summary>
internal sealed class ExtremeLane(bool greatest, bool whole) : Lane
{
    private FeatureValue[] _value = [];

    public override void Grow(int slots) => Array.Resize(ref _value, slots);

    public override void Clear(int slot) => _value[slot] = FeatureValue.Missing;

    public override void Add(int slot, in FeatureValue value, long eventUs)
    {
        ref var known = ref _value[slot];
        if (!known.HasValue || Compare(value, known) > 0)
        {
            known = value;
        }
    }

    public override void Merge(int into, int from)
    {
        if (_value[from].HasValue)
        {
            Add(into, _value[from], 0);
        }
    }

    public override FeatureValue Result(int slot, double quantile) => _value[slot];

    public override void Write(BinaryWriter writer, int slot) => ValueCodec.Write(writer, _value[slot]);

    public override void Read(BinaryReader reader, int slot) => _value[slot] = ValueCodec.Read(reader);

    public override int Bytes(int slot) => 24;

    private int Compare(in FeatureValue left, in FeatureValue right)
    {
        var order = whole ? left.AsInt64.CompareTo(right.AsInt64) : left.AsFp64.CompareTo(right.AsFp64);
        return greatest ? order : -order;
    }
}

/// <summary>Numbers that JSON can say.</summary>
internal static class Finite
{
    public static FeatureValue Value(double number) => double.IsFinite(number) ? FeatureValue.Of(number) : FeatureValue.Missing;
}
