using MlSystem.Training.Steps;

namespace MlSystem.Training.Runs;

/// <summary>How far a run is and how long it still takes: from the step durations of the pipeline's last successful run, else from the steps' usual shares.</summary>
public sealed class RunEstimate
{
    /// <summary>Below this share done, elapsed time says nothing about the rest.</summary>
    private const double TooEarly = 0.05;

    private readonly double[] _weights;
    private readonly bool _inSeconds;
    private readonly TimeProvider _time;
    private readonly long _start;
    private double _doneAtStart = -1;

    /// <param name="lastSeconds">Step → seconds in the last successful run; empty when there is none.</param>
    public RunEstimate(IReadOnlyList<IStep> steps, IReadOnlyDictionary<string, double> lastSeconds, TimeProvider time)
    {
        _inSeconds = steps.All(s => lastSeconds.ContainsKey(s.Name));
        _weights = [.. steps.Select(s => _inSeconds ? Math.Max(lastSeconds[s.Name], 0.001) : s.Weight)];
        (_time, _start) = (time, time.GetTimestamp());
    }

    /// <param name="step">Index of the step under way.</param>
    /// <param name="share">Of that step, 0 to 1.</param>
    /// <returns>Percentage of the run, 0 to 100, and estimated seconds to its end.</returns>
    public (double Percentage, double? RemainingSeconds) At(int step, double share)
    {
        var total = _weights.Sum();
        var done = (_weights.Take(step).Sum() + (_weights[step] * Math.Clamp(share, 0, 1))) / total;
        if (_doneAtStart < 0)
        {
            _doneAtStart = done;
        }

        return (Math.Round(100 * done, 1), Round(Remaining(done, total)));
    }

    private double? Remaining(double done, double total)
    {
        if (_inSeconds)
        {
            return (1 - done) * total;
        }

        var progressed = done - _doneAtStart;
        return progressed < TooEarly ? null : _time.GetElapsedTime(_start).TotalSeconds / progressed * (1 - done);
    }

    private static double? Round(double? seconds) => seconds is { } value ? Math.Round(value, 1) : null;
}
