using MlSystem.Training.Learners.Definitions;

namespace MlSystem.Training.Learners.Features;

/// <summary>
/// Turns rows into sparse vectors: slot 0 is the intercept, then a slot for each numeric column, one for "it is missing",
/// and behind them 2^bits slots in which categories are hashed with signs. Not safe for several threads.
/// </summary>
internal sealed class FeatureEncoder
{
    private readonly LearnerFeatures _features;
    private readonly RunningScale[] _scales;
    private readonly CategoryTable[] _tables;
    private readonly int _hashed;

    public FeatureEncoder(LearnerFeatures features)
    {
        _features = features;
        Standardises = features.Scaling == LearnerScaling.Standard;
        _scales = [.. features.Numeric.Select(_ => new RunningScale())];
        _tables = [.. features.Categorical.Select(c => new CategoryTable(c, features.Bits, features.Vocabulary))];
        _hashed = 1 + (2 * _scales.Length);
        Size = _hashed + (_tables.Length == 0 ? 0 : 1 << features.Bits);
        Slots = new int[1 + _scales.Length + _tables.Length];
        Values = new double[Slots.Length];
    }

    /// <summary>Slots in all.</summary>
    public int Size { get; }

    public bool Standardises { get; }

    /// <summary>The encoded row: slots, ascending except for the hashed ones, which may repeat.</summary>
    public int[] Slots { get; }

    /// <summary>The values at <see cref="Slots"/>.</summary>
    public double[] Values { get; }

    public IReadOnlyList<RunningScale> Scales => _scales;

    public IReadOnlyList<CategoryTable> Tables => _tables;

    public static int NumberSlot(int column) => 1 + column;

    public int MissingSlot(int column) => 1 + _scales.Length + column;

    /// <summary>The slot of a hashed category among all slots.</summary>
    public int CategorySlot(int slot) => _hashed + slot;

    /// <summary>Takes the row into the running statistics; what a row's own inputs say of the scale is known before its label.</summary>
    public void Observe(LearnerRow row)
    {
        for (var i = 0; i < _scales.Length && Standardises; i++)
        {
            if (!double.IsNaN(row.Numbers[i]))
            {
                _scales[i].Add(row.Numbers[i]);
            }
        }

        for (var i = 0; i < _tables.Length; i++)
        {
            _tables[i].Count(row.Texts[i]);
        }
    }

    /// <summary>Fills <see cref="Slots"/> and <see cref="Values"/>.</summary>
    public void Encode(LearnerRow row)
    {
        (Slots[0], Values[0]) = (0, 1);
        var at = 1;
        for (var i = 0; i < _scales.Length; i++, at++)
        {
            var value = row.Numbers[i];
            (Slots[at], Values[at]) = double.IsNaN(value) ? (MissingSlot(i), 1)
                : (NumberSlot(i), Standardises ? _scales[i].Standardise(value) : value);
        }

        for (var i = 0; i < _tables.Length; i++, at++)
        {
            var (slot, sign) = _tables[i].Find(row.Texts[i]);
            (Slots[at], Values[at]) = (CategorySlot(slot), sign);
        }
    }

    /// <summary>The column that a place of the encoded row stands for.</summary>
    public string ColumnAt(int at) => at == 0 ? "the intercept"
        : at <= _scales.Length ? _features.Numeric[at - 1].Name
        : _features.Categorical[at - 1 - _scales.Length];

    public void Write(BinaryWriter writer)
    {
        Array.ForEach(_scales, s => s.Write(writer));
        Array.ForEach(_tables, t => t.Write(writer));
    }

    public void Read(BinaryReader reader)
    {
        Array.ForEach(_scales, s => s.Read(reader));
        Array.ForEach(_tables, t => t.Read(reader));
    }
}
