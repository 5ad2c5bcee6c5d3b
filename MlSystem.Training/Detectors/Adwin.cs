namespace MlSystem.Training.Detectors;

/// <summary>
/// ADWIN2 (Bifet and Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SDM 2007): keeps the longest
/// window of recent values in which no two parts have means that differ beyond chance. Values are taken to lie in [0, 1];
/// others are cut to it.
/// </summary>
internal sealed class Adwin : IDriftDetector
{
    /// <summary>Smallest part of the window that is compared.</summary>
    private const int SmallestPart = 5;

    private readonly double _delta;
    private readonly int _clock;
    private readonly BucketRows _rows = new();
    private double _total;
    private double _variance;
    private long _sinceCheck;

    /// <param name="delta">Confidence: bound on the chance of a false cut, above 0 and below 1.</param>
    /// <param name="clock">Values between two checks, at least 1: larger is faster and later.</param>
    public Adwin(double delta = 0.002, int clock = 32)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(delta);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(delta, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(clock, 1);
        (_delta, _clock) = (delta, clock);
    }

    /// <summary>Values in the window.</summary>
    public long Width { get; private set; }

    public double Mean => Width == 0 ? 0 : _total / Width;

    /// <summary>Population variance of the window.</summary>
    public double Variance => Width == 0 ? 0 : Math.Max(0, _variance / Width);

    public DriftSign Add(double value)
    {
        Insert(Math.Clamp(value, 0, 1));
        if (++_sinceCheck < _clock)
        {
            return DriftSign.None;
        }

        _sinceCheck = 0;
        var before = Mean;
        var cut = false;
        while (Width > 2 * SmallestPart && HasCut())
        {
            cut = true;
            RemoveOldest();
        }

        return !cut ? DriftSign.None : Mean > before ? DriftSign.Rise : DriftSign.Fall;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(Width);
        writer.Write(_total);
        writer.Write(_variance);
        writer.Write(_sinceCheck);
        _rows.Write(writer);
    }

    public void Read(BinaryReader reader)
    {
        Width = reader.ReadInt64();
        _total = reader.ReadDouble();
        _variance = reader.ReadDouble();
        _sinceCheck = reader.ReadInt64();
        _rows.Read(reader);
    }

    private void Insert(double value)
    {
        if (Width > 0)
        {
            var difference = value - Mean;
            _variance += difference * difference * Width / (Width + 1);
        }

        Width++;
        _total += value;
        _rows.Add(value);
    }

    private void RemoveOldest()
    {
        var (bucket, size) = _rows.RemoveOldest();
        var rest = Width - size;
        Width = rest;
        _total -= bucket.Total;
        if (rest == 0)
        {
            (_total, _variance) = (0, 0);
            return;
        }

        var difference = (bucket.Total / size) - Mean;
        _variance = Math.Max(0, _variance - bucket.Variance - (difference * difference * size * rest / (size + rest)));
    }

    /// <summary>Whether any place between two buckets divides the window into parts that differ by more than chance allows.</summary>
    private bool HasCut()
    {
        var confidence = Math.Log(2 * Math.Log(Width) / _delta);
        var variance = Variance;
        long older = 0;
        var olderTotal = 0.0;
        for (var row = _rows.Count - 1; row >= 0; row--)
        {
            foreach (var bucket in _rows.Row(row))
            {
                older += 1L << row;
                olderTotal += bucket.Total;
                var newer = Width - older;
                if (newer < SmallestPart)
                {
                    return false;
                }

                if (older >= SmallestPart && Differs(olderTotal / older, (_total - olderTotal) / newer, older, newer, variance, confidence))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The bound of the paper's section 3.2: normal approximation with a correction for small windows.</summary>
    private static bool Differs(double a, double b, long countA, long countB, double variance, double confidence)
    {
        var inverse = (1.0 / countA) + (1.0 / countB);
        var bound = Math.Sqrt(2 * inverse * variance * confidence) + (2.0 / 3 * inverse * confidence);
        return Math.Abs(a - b) > bound;
    }
}
