namespace MlSystem.Inference.Shadowing;

/// <summary>What became of a shadow variant's copies on this replica since the process began. Written without locks.</summary>
public sealed class ShadowTally(string endpoint, string version, string variant)
{
    private readonly long[] _dropped = new long[Enum.GetValues<ShadowDrop>().Length];
    private readonly Lock _lock = new();
    private long _mirrored;
    private long _comparedRows;
    private long _comparedLabels;
    private long _differingRows;
    private double _differenceSum;

    public string Endpoint { get; } = endpoint;

    public string Version { get; } = version;

    public string Variant { get; } = variant;

    /// <summary>Copies that were answered by the shadow.</summary>
    public long Mirrored => Volatile.Read(ref _mirrored);

    /// <summary>Rows of which the live and the shadow answer could be compared.</summary>
    public long ComparedRows => Volatile.Read(ref _comparedRows);

    /// <summary>Classification: compared rows whose labels differ.</summary>
    public long DifferingRows => Volatile.Read(ref _differingRows);

    /// <summary>Classification: share of the compared rows whose labels differ, 0 to 1; null when there are none.</summary>
    public double? LabelDisagreement
    {
        get
        {
            lock (_lock)
            {
                return _comparedLabels == 0 ? null : (double)_differingRows / _comparedLabels;
            }
        }
    }

    /// <summary>Regression: mean absolute difference of the compared rows; null when there are none.</summary>
    public double? MeanAbsoluteDifference
    {
        get
        {
            lock (_lock)
            {
                var rows = _comparedRows - _comparedLabels;
                return rows == 0 ? null : _differenceSum / rows;
            }
        }
    }

    public long Dropped(ShadowDrop reason) => Volatile.Read(ref _dropped[(int)reason]);

    public void Drop(ShadowDrop reason) => Interlocked.Increment(ref _dropped[(int)reason]);

    public void Add(Disagreement found)
    {
        lock (_lock)
        {
            _mirrored++;
            _comparedRows += found.Rows;
            _comparedLabels += found.IsRegression ? 0 : found.Rows;
            _differingRows += found.DifferingLabels;
            _differenceSum += found.AbsoluteDifference;
        }
    }
}

/// <summary>Why a request that was chosen for mirroring was not mirrored.</summary>
public enum ShadowDrop
{
    /// <summary>As many copies wait as may.</summary>
    Full,

    /// <summary>The shadow's version left memory meanwhile, or the server is stopping.</summary>
    Gone,
}
