using System.Collections.Concurrent;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Shadowing;

/// <summary>Threads of the lowest priority for runs that compute, so that a slow shadow takes none from live requests.</summary>
internal sealed class ShadowThreads : IDisposable
{
    private readonly BlockingCollection<Job> _jobs = new();

    public ShadowThreads(int threads)
    {
        for (var i = 0; i < threads; i++)
        {
            new Thread(Work) { IsBackground = true, Name = $"shadows {i}", Priority = ThreadPriority.Lowest }.Start();
        }
    }

    public Task RunAsync(InferenceCall call, Deadline deadline)
    {
        var job = new Job(call, deadline);
        _jobs.Add(job, CancellationToken.None);
        return job.Done.Task;
    }

    public void Dispose() => _jobs.CompleteAdding();

    private void Work()
    {
        foreach (var job in _jobs.GetConsumingEnumerable(CancellationToken.None))
        {
            _ = job.RunAsync();
        }
    }

    private sealed class Job(InferenceCall call, Deadline deadline)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Done when it returns: a runtime that computes does so on this thread.</summary>
        public async Task RunAsync()
        {
            try
            {
                await call.Variant.Version.Runtime.RunAsync(call.Tensors, deadline);
                Done.SetResult();
            }
            catch (Exception error)
            {
                Done.SetException(error);
            }
        }
    }
}
