namespace MlSystem.Training.Learners.Features;

/// <summary>Mean and deviation of a stream of numbers in one pass (Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", 1962).</summary>
internal sealed class RunningScale
{
    /// <summary>Standardised values are cut to ± this, here and in the exported graph: a stray value moves no weight far.</summary>
    public const double Limit = 10;

    private double _squares;

    public long Count { get; private set; }

    public double Mean { get; private set; }

    /// <summary>Population standard deviation; 0 while all values were equal.</summary>
    public double Deviation { get; private set; }

    /// <summary>1 / deviation, or 0 while that is 0.</summary>
    public double Inverse { get; private set; }

    public void Add(double value)
    {
        Count++;
        var difference = value - Mean;
        Mean += difference / Count;
        _squares += difference * (value - Mean);
        Deviation = Math.Sqrt(_squares / Count);
        Inverse = Deviation > 0 ? 1 / Deviation : 0;
    }

    public double Standardise(double value) => Math.Clamp((value - Mean) * Inverse, -Limit, Limit);

    public void Write(BinaryWriter writer)
    {
        writer.Write(Count);
        writer.Write(Mean);
        writer.Write(_squares);
    }

    public void Read(BinaryReader reader)
    {
        Count = reader.ReadInt64();
        Mean = reader.ReadDouble();
        _squares = reader.ReadDouble();
        Deviation = Count == 0 ? 0 : Math.Sqrt(_squares / Count);
        Inverse = Deviation > 0 ? 1 / Deviation : 0;
    }
}
