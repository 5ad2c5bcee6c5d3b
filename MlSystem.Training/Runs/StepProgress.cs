namespace MlSystem.Training.Runs;

/// <summary>
/// Passes a step's progress on to the run's events: at most one a half second and only for a whole percent more,
/// because each is a write, and never in the way of the step that reports.
/// </summary>
internal sealed class StepProgress(Turn turn, int attempt, RunLedger ledger, TimeProvider time) : IProgress<double>
{
    private static readonly TimeSpan Spacing = TimeSpan.FromSeconds(0.5);
    private readonly Lock _lock = new();
    private Task _writing = Task.CompletedTask;
    private double _told;
    private long _toldAt = time.GetTimestamp();
    private bool _stopped;

    public void Report(double value)
    {
        var (percentage, remaining) = turn.Estimate.At(turn.Index, value);
        lock (_lock)
        {
            if (_stopped || !_writing.IsCompleted || percentage - _told < 1 || time.GetElapsedTime(_toldAt) < Spacing)
            {
                return;
            }

            (_told, _toldAt) = (percentage, time.GetTimestamp());
            _writing = ledger.ProgressAsync(turn.Lease, turn.Step.Name, attempt, percentage, remaining, CancellationToken.None);
        }
    }

    /// <summary>Waits for the last write. A lost lease shows here.</summary>
    public async Task StopAsync()
    {
        Task writing;
        lock (_lock)
        {
            _stopped = true;
            writing = _writing;
            _writing = Task.CompletedTask;
        }

        await writing;
    }
}
