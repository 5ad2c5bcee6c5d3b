using System.Text;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Streams.Sketches;

namespace MlSystem.FeatureStore.Streams.Aggregates;

/// <summary>The value with the latest event time; of several with the same the one that the log took last.</summary>
internal sealed class LastLane : Lane
{
    private FeatureValue[] _value = [];
    private long[] _eventUs = [];

    public override void Grow(int slots)
    {
        Array.Resize(ref _value, slots);
        Array.Resize(ref _eventUs, slots);
    }

    public override void Clear(int slot) => (_value[slot], _eventUs[slot]) = (FeatureValue.Missing, long.MinValue);

    public override void Add(int slot, in FeatureValue value, long eventUs)
    {
        if (!_value[slot].HasValue || eventUs >= _eventUs[slot])
        {
            (_value[slot], _eventUs[slot]) = (value, eventUs);
        }
    }

    public override void Merge(int into, int from)
    {
        if (_value[from].HasValue)
        {
            Add(into, _value[from], _eventUs[from]);
        }
    }

    public override FeatureValue Result(int slot, double quantile) => _value[slot];

    public override void Write(BinaryWriter writer, int slot)
    {
        ValueCodec.Write(writer, _value[slot]);
        writer.Write(_eventUs[slot]);
    }

    public override void Read(BinaryReader reader, int slot) => (_value[slot], _eventUs[slot]) = (ValueCodec.Read(reader), reader.ReadInt64());

    public override int Bytes(int slot) => 32 + ValueCodec.Bytes(_value[slot]);
}

/// <summary>How many different values.</summary>
internal sealed class DistinctLane : Lane
{
    private HyperLogLog?[] _sketch = [];

    public override void Grow(int slots) => Array.Resize(ref _sketch, slots);

    public override void Clear(int slot) => _sketch[slot]?.Clear();

    public override void Add(int slot, in FeatureValue value, long eventUs) => (_sketch[slot] ??= new HyperLogLog()).Add(Hash(value));

    public override void Merge(int into, int from)
    {
        if (_sketch[from] is { } other)
        {
            (_sketch[into] ??= new HyperLogLog()).Merge(other);
        }
    }

    public override FeatureValue Result(int slot, double quantile) => FeatureValue.Of(_sketch[slot]?.Estimate() ?? 0);

    public override void Write(BinaryWriter writer, int slot) => (_sketch[slot] ?? new HyperLogLog()).Write(writer);

    public override void Read(BinaryReader reader, int slot) => _sketch[slot] = HyperLogLog.Read(reader);

    public override int Bytes(int slot) => 8 + (_sketch[slot]?.Bytes ?? 0);

    private static ulong Hash(in FeatureValue value)
    {
        if (value.Text is null && value.List is null)
        {
            return HyperLogLog.Hash(value.AsInt64);
        }

        if (value.Text is { Length: <= 128 } text)
        {
            Span<byte> utf8 = stackalloc byte[text.Length * 3];
            return HyperLogLog.Hash(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
        }

        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        ValueCodec.Write(writer, value);
        return HyperLogLog.Hash(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}

/// <summary>Quantiles of numbers; several quantiles of one column share a sketch.</summary>
internal sealed class QuantileLane(bool whole) : Lane
{
    private DdSketch?[] _sketch = [];

    public override void Grow(int slots) => Array.Resize(ref _sketch, slots);

    public override void Clear(int slot) => _sketch[slot]?.Clear();

    public override void Add(int slot, in FeatureValue value, long eventUs) => (_sketch[slot] ??= new DdSketch()).Add(whole ? value.AsInt64 : value.AsFp64);

    public override void Merge(int into, int from)
    {
        if (_sketch[from] is { } other)
        {
            (_sketch[into] ??= new DdSketch()).Merge(other);
        }
    }

    public override FeatureValue Result(int slot, double quantile) => _sketch[slot] is { Count: > 0 } sketch ? FeatureValue.Of(sketch.Quantile(quantile)) : FeatureValue.Missing;

    public override void Write(BinaryWriter writer, int slot) => (_sketch[slot] ?? new DdSketch()).Write(writer);

    public override void Read(BinaryReader reader, int slot) => _sketch[slot] = DdSketch.Read(reader);

    public override int Bytes(int slot) => 8 + (_sketch[slot]?.Bytes ?? 0);
}
