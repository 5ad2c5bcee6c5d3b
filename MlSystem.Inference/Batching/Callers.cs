namespace MlSystem.Inference.Batching;

/// <summary>
/// Settled requests of one run, whose callers go on together: one after the other on the thread that ran them, since waking a thread for
/// each costs more than writing a small answer. Of many, all but the last few go on elsewhere at the same time.
/// </summary>
internal sealed class Callers(IRunScheduler scheduler) : IThreadPoolWorkItem
{
    /// <summary>Callers that go on one after the other.</summary>
    private const int Together = 8;

    private readonly List<QueuedRun> _settled = [];

    public bool IsEmpty => _settled.Count == 0;

    /// <summary>Adds a request; under the engine's lock.</summary>
    public void Add(QueuedRun request) => _settled.Add(request);

    /// <summary>Lets all go on; not under the lock.</summary>
    public void Resume()
    {
        var first = 0;
        for (; _settled.Count - first > Together; first += Together)
        {
            var some = new Callers(scheduler);
            some._settled.AddRange(_settled.GetRange(first, Together));
            scheduler.Queue(some, slow: false);
        }

        for (; first < _settled.Count; first++)
        {
            _settled[first].Resume();
        }
    }

    public void Execute() => Resume();
}
