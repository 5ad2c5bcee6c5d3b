using System.Collections.Concurrent;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Shadowing;

/// <summary>
/// Threads of the lowest priority for runs that compute, so that a slow shadow takes none from live requests. A run that takes longer
/// than the watchdog allows is given up: its copy has failed, its thread is replaced and ends when the run does. Until then no further
/// copy of that version is run, so that a model that never comes back costs no more threads than may run at once.
/// </summary>
public sealed class ShadowThreads : IDisposable
{
    private readonly BlockingCollection<ShadowJob> _jobs = new();
    private readonly ShadowJob?[] _running;
    private readonly Dictionary<LoadedVersion, int> _lost = [];
    private readonly TimeSpan _watchdog;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    public ShadowThreads(int threads, TimeSpan watchdog, TimeProvider time)
    {
        (_running, _watchdog, _time) = (new ShadowJob?[threads], watchdog, time);
        for (var i = 0; i < threads; i++)
        {
            Start(i);
        }

        _timer = time.CreateTimer(static state => ((ShadowThreads)state!).GiveUpHangs(), this, watchdog / 10, watchdog / 10);
    }

    /// <summary>Runs the call's version on its tensors.</summary>
    /// <exception cref="InferenceException">The run failed or hung, or one that was given up has not come back yet.</exception>
    public Task RunAsync(InferenceCall call, Deadline deadline)
    {
        lock (_lost)
        {
            if (_lost.ContainsKey(call.Variant.Version))
            {
                throw InferenceException.Unavailable("a run that was given up has not ended yet");
            }
        }

        var job = new ShadowJob(call, deadline, _time);
        _jobs.Add(job, CancellationToken.None);
        return job.Done;
    }

    public void Dispose()
    {
        _timer.Dispose();
        _jobs.CompleteAdding();
    }

    private void Start(int place) =>
        new Thread(() => Work(place)) { IsBackground = true, Name = $"shadows {place}", Priority = ThreadPriority.Lowest }.Start();

    private void Work(int place)
    {
        foreach (var job in _jobs.GetConsumingEnumerable(CancellationToken.None))
        {
            Volatile.Write(ref _running[place], job);
            _ = job.RunAsync();
            if (job.IsGivenUp)
            {
                // The place is another thread's by now.
                Count(job.Version, -1);
                return;
            }

            Volatile.Write(ref _running[place], null);
        }
    }

    private void GiveUpHangs()
    {
        for (var place = 0; place < _running.Length; place++)
        {
            if (Volatile.Read(ref _running[place]) is { } job && job.TryGiveUp(_watchdog, () => Count(job.Version, 1)))
            {
                Volatile.Write(ref _running[place], null);
                Start(place);
            }
        }
    }

    private void Count(LoadedVersion version, int runs)
    {
        lock (_lost)
        {
            var left = _lost.GetValueOrDefault(version) + runs;
            if (left == 0)
            {
                _lost.Remove(version);
            }
            else
            {
                _lost[version] = left;
            }
        }
    }
}
