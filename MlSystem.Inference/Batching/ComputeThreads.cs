using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Batching;

/// <summary>Where runs happen that their request does not do itself.</summary>
public interface IRunScheduler
{
    /// <summary>Runs the work soon, after what was queued before: one batch of a model at a time, so that models take turns.</summary>
    /// <param name="slow">Whether it is long enough to keep connections waiting.</param>
    void Queue(IThreadPoolWorkItem work, bool slow);
}

/// <summary>
/// Short runs share the pool with the connections; slow ones have threads of their own. A version never has more runs at once
/// than there are processors and there are twice as many threads, so one slow model leaves room for others.
/// </summary>
public sealed class ComputeThreads : IRunScheduler, IDisposable
{
    [ThreadStatic]
    private static Worker? _current;

    private readonly BlockingCollection<IThreadPoolWorkItem> _slow = new();

    public ComputeThreads(IOptions<RuntimeOptions> options)
    {
        var threads = options.Value.SlowModelThreads > 0 ? options.Value.SlowModelThreads : 2 * Environment.ProcessorCount;
        for (var i = 0; i < threads; i++)
        {
            Start();
        }
    }

    /// <summary>The slow thread that asks; null elsewhere.</summary>
    internal static Worker? Current => _current;

    public void Queue(IThreadPoolWorkItem work, bool slow)
    {
        // While stopping, the pool takes what the slow threads no longer do.
        if (!slow || _slow.IsAddingCompleted || !_slow.TryAdd(work))
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }

    /// <summary>Takes no more work; the threads end when what waits is done.</summary>
    public void Dispose() => _slow.CompleteAdding();

    private void Start() => new Thread(Work) { IsBackground = true, Name = "slow models" }.Start();

    private void Work()
    {
        var worker = _current = new Worker(this);
        foreach (var work in _slow.GetConsumingEnumerable(CancellationToken.None))
        {
            work.Execute();
            if (worker.IsReplaced)
            {
                return;
            }
        }
    }

    /// <summary>One slow thread.</summary>
    internal sealed class Worker(ComputeThreads threads)
    {
        private int _replaced;

        public bool IsReplaced => Volatile.Read(ref _replaced) != 0;

        /// <summary>Starts another thread in its place; this one ends when its work does, if ever.</summary>
        public void Replace()
        {
            if (Interlocked.Exchange(ref _replaced, 1) == 0)
            {
                threads.Start();
            }
        }
    }
}
