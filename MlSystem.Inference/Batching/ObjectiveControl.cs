namespace MlSystem.Inference.Batching;

/// <summary>
/// Holds a latency objective: a request waits for the run before its own and then runs, so a run may take half of the objective;
/// less while more than one of 100 answers of the last 128 was late (times 0.8), slowly more again (0.05) when not.
/// </summary>
public sealed class ObjectiveControl(TimeSpan objective)
{
    private const int Window = 128;
    private const double LateShare = 0.01;
    private double _share = 1;
    private int _answers;
    private int _late;

    public double Seconds { get; } = objective.TotalSeconds;

    /// <summary>Seconds that one run may take.</summary>
    public double RunSeconds => Seconds / 2 * _share;

    /// <summary>Counts an answer; under the engine's lock.</summary>
    public void Answered(double seconds)
    {
        _late += seconds > Seconds ? 1 : 0;
        if (++_answers < Window)
        {
            return;
        }

        _share = _late > LateShare * Window ? Math.Max(_share * 0.8, 0.05) : Math.Min(_share + 0.05, 1);
        (_answers, _late) = (0, 0);
    }
}
