namespace MlSystem.Training.Detectors;

/// <summary>
/// Page–Hinkley test for a rise of the mean (Page, "Continuous Inspection Schemes", Biometrika 1954; as used for drift in
/// Gama et al., "On evaluating stream learning algorithms", 2013). It begins anew after each alarm.
/// </summary>
internal sealed class PageHinkley : IDriftDetector
{
    /// <summary>Values before which no alarm is given.</summary>
    private const int Warmup = 30;

    private readonly double _tolerance;
    private readonly double _threshold;
    private long _count;
    private double _sum;
    private double _least;

    /// <param name="tolerance">Change of the mean that is allowed (δ), at least 0, in the values' unit.</param>
    /// <param name="threshold">Accumulated excess that is an alarm (λ), above 0.</param>
    public PageHinkley(double tolerance = 0.005, double threshold = 50)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tolerance);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threshold);
        (_tolerance, _threshold) = (tolerance, threshold);
    }

    public double Mean { get; private set; }

    public DriftSign Add(double value)
    {
        _count++;
        Mean += (value - Mean) / _count;
        _sum += value - Mean - _tolerance;
        _least = Math.Min(_least, _sum);
        if (_count < Warmup || _sum - _least <= _threshold)
        {
            return DriftSign.None;
        }

        (_count, Mean, _sum, _least) = (0, 0, 0, 0);
        return DriftSign.Rise;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(_count);
        writer.Write(Mean);
        writer.Write(_sum);
        writer.Write(_least);
    }

    public void Read(BinaryReader reader)
    {
        _count = reader.ReadInt64();
        Mean = reader.ReadDouble();
        _sum = reader.ReadDouble();
        _least = reader.ReadDouble();
    }
}
