using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Batching;

/// <content>
/// Runs that failed: is the version to blame or the rows? Anybody can send rows that a model fails or hangs on. So after a failure the
/// version runs the row that it took when it was loaded, and only where that fails too the failures count.
/// </content>
public sealed partial class VersionEngine
{
    private int _failures;
    private int _crashes;
    private int _onTrial;
    private TensorSet? _trial;

    /// <summary>Counts anew: the version is back in rotation.</summary>
    internal void ForgetCrashes()
    {
        Volatile.Write(ref _failures, 0);
        Volatile.Write(ref _crashes, 0);
    }

    internal bool IsTrial(TensorSet tensors) => tensors == Volatile.Read(ref _trial);

    /// <summary>Notes how a run ended.</summary>
    /// <param name="tensors">What it ran on, where these were a request's own.</param>
    internal void NoteEnd(Fault? fault, TensorSet? tensors)
    {
        if (fault is null)
        {
            if (Volatile.Read(ref _failures) != 0 || Volatile.Read(ref _crashes) != 0)
            {
                ForgetCrashes();
            }
        }
        else if (fault.Kind == FaultKind.ModelFailed && (tensors is null || !IsTrial(tensors)))
        {
            Interlocked.Increment(ref _failures);
            if (Interlocked.Exchange(ref _onTrial, 1) == 0)
            {
                _host.Scheduler.Queue(new Trial(this, fault), slow: false);
            }
        }
    }

    /// <summary>Runs the row of the warm-up; where it fails, all failures since the last success are the version's.</summary>
    private async Task TryGoodRowAsync(Fault failure)
    {
        var fault = await RunGoodRowAsync();
        Volatile.Write(ref _onTrial, 0);
        if (fault?.Kind is FaultKind.ModelFailed or FaultKind.InvalidArgument && Interlocked.Exchange(ref _failures, 0) is > 0 and var failures)
        {
            _host.Crashed(_version, Interlocked.Add(ref _crashes, failures), failure.Message);
        }
    }

    private async Task<Fault?> RunGoodRowAsync()
    {
        if (!_version.TryAcquire())
        {
            return null;
        }

        // Of its own, not of the pool: by it the run is known, also when it comes back late.
        var tensors = Runtime.Rent();
        try
        {
            Volatile.Write(ref _trial, tensors);
            Array.ForEach(tensors.Inputs, input => WarmUp.Fill(input, rows: 1));
            var outcome = await _own.RunAsync(tensors, 1, priority: 0, new Deadline(Time, Time.GetTimestamp(), Timeout.InfiniteTimeSpan, CancellationToken.None));
            return outcome.Fault;
        }
        finally
        {
            if (!tensors.IsLost)
            {
                tensors.Dispose();
            }

            _version.Release();
        }
    }

    private sealed class Trial(VersionEngine engine, Fault failure) : IThreadPoolWorkItem
    {
        public void Execute() => _ = engine.TryGoodRowAsync(failure);
    }
}
