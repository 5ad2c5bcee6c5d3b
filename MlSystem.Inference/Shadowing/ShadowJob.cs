using MlSystem.Inference.Batching;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Shadowing;

/// <summary>One run of a shadow on a thread of its own.</summary>
internal sealed class ShadowJob(InferenceCall call, Deadline deadline, TimeProvider time)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private State _state;
    private long _started;

    private enum State
    {
        Waiting,
        Running,
        Ended,
        GivenUp,
    }

    public LoadedVersion Version => call.Variant.Version;

    public Task Done => _done.Task;

    public bool IsGivenUp
    {
        get
        {
            lock (_lock)
            {
                return _state == State.GivenUp;
            }
        }
    }

    /// <summary>Done when it returns: a runtime that computes does so on this thread.</summary>
    public async Task RunAsync()
    {
        // The one who waits gives the copy's lease back when the run is given up: the run holds the version itself.
        if (!Version.TryAcquire())
        {
            _done.SetException(InferenceException.Unavailable($"{Version.Key} is leaving memory"));
            return;
        }

        try
        {
            deadline.Check();
            lock (_lock)
            {
                (_state, _started) = (State.Running, time.GetTimestamp());
            }

            await Version.Runtime.RunAsync(call.Tensors, deadline);
            End(null);
        }
        catch (Exception error)
        {
            End(error);
        }
        finally
        {
            Version.Release();
        }
    }

    /// <summary>Gives the run up when it has taken too long: the model is asked to stop, whoever waits is told.</summary>
    /// <param name="first">Done before anybody is told.</param>
    public bool TryGiveUp(TimeSpan limit, Action first)
    {
        lock (_lock)
        {
            if (_state != State.Running || time.GetElapsedTime(_started) < limit)
            {
                return false;
            }

            _state = State.GivenUp;
            call.Tensors.IsLost = true;
            call.Tensors.Stop();
            first();
        }

        var fault = RunFaults.Hung(limit);
        Version.Engine.NoteEnd(fault, null);
        _done.SetException(new InferenceException(fault));
        return true;
    }

    private void End(Exception? error)
    {
        lock (_lock)
        {
            if (_state == State.GivenUp)
            {
                call.Tensors.Dispose();
                return;
            }

            _state = State.Ended;
        }

        // So that a shadow that fails on its own good rows is taken out as others are.
        Version.Engine.NoteEnd(error is null ? null : RunFaults.Of(error), null);
        if (error is null)
        {
            _done.SetResult();
        }
        else
        {
            _done.SetException(error);
        }
    }
}
