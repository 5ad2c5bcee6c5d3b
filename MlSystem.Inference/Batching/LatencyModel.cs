using System.Numerics;

namespace MlSystem.Inference.Batching;

/// <summary>
/// How long a run takes as a + b · rows, learned while serving. Means by powers of two of the rows, exponentially weighted,
/// in which one observation counts at most as twice the mean (so that a pause of the machine teaches little), then a line
/// through them by least squares of the relative errors.
/// </summary>
public sealed class LatencyModel
{
    private const int Memory = 32;
    private readonly (double Weight, double Rows, double Seconds)[] _means = new (double, double, double)[32];
    private readonly Lock _lock = new();

    // Replaced as a whole, so that readers need no lock.
    private volatile Line? _line;

    /// <summary>Whether anything was observed.</summary>
    public bool IsKnown => _line is not null;

    /// <summary>Timestamp of the last observation.</summary>
    public long LastSeen { get; private set; }

    /// <summary>Seconds that a run of so many rows is expected to take; 0 while nothing is known.</summary>
    public double Seconds(long rows) => _line is { } line ? line.Fixed + (line.PerRow * rows) : 0;

    /// <summary>Most rows that a run of at most so many seconds is expected to hold; at least 1.</summary>
    public int Rows(double seconds, int max)
    {
        var line = _line;
        return line is null || line.Fixed + (line.PerRow * max) <= seconds ? max : (int)Math.Clamp((seconds - line.Fixed) / Math.Max(line.PerRow, 1e-12), 1, max);
    }

    public void Observe(long rows, double seconds, long now)
    {
        lock (_lock)
        {
            ref var mean = ref _means[BitOperations.Log2((ulong)Math.Max(rows, 1))];
            var share = 1 / Math.Min(mean.Weight + 1, Memory);
            var seen = mean.Weight > 0 ? Math.Min(seconds, 2 * mean.Seconds) : seconds;
            mean = (Math.Min(mean.Weight + 1, Memory), mean.Rows + (share * (rows - mean.Rows)), mean.Seconds + (share * (Math.Max(seen, 1e-9) - mean.Seconds)));
            LastSeen = now;
            _line = Fit();
        }
    }

    private Line Fit()
    {
        double weight = 0, x = 0, y = 0, xx = 0, xy = 0;
        foreach (var mean in _means)
        {
            if (mean.Weight > 0)
            {
                var w = mean.Weight / (mean.Seconds * mean.Seconds);
                weight += w;
                x += w * mean.Rows;
                y += w * mean.Seconds;
                xx += w * mean.Rows * mean.Rows;
                xy += w * mean.Rows * mean.Seconds;
            }
        }

        var spread = (weight * xx) - (x * x);
        var slope = spread > 1e-9 * weight * xx ? ((weight * xy) - (x * y)) / spread : 0;
        var start = (y - (slope * x)) / weight;

        // Neither a run of no rows nor a row may take negative time.
        return slope < 0 ? new Line(y / weight, 0) : start < 0 ? new Line(0, xy / xx) : new Line(start, slope);
    }

    private sealed record Line(double Fixed, double PerRow);
}
