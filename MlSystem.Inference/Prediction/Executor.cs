using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Prediction;

/// <summary>
/// Runs models. A model of some microseconds runs where the request is: handing it over would cost more than the run. A slow one
/// runs on threads of its own, so that it does not keep connections of other endpoints waiting.
/// </summary>
public sealed class Executor : IDisposable
{
    private readonly TimeSpan _slow;
    private readonly BlockingCollection<Job> _jobs = new();

    public Executor(IOptions<RuntimeOptions> options)
    {
        _slow = TimeSpan.FromMicroseconds(options.Value.SlowModelMicroseconds);
        var threads = options.Value.SlowModelThreads > 0 ? options.Value.SlowModelThreads : Environment.ProcessorCount;
        for (var i = 0; i < threads; i++)
        {
            new Thread(Work) { IsBackground = true, Name = $"slow models {i}" }.Start();
        }
    }

    /// <summary>Runs a model. The jobs that wait for a thread are bounded by the endpoints' gates.</summary>
    /// <param name="warmRun">How long a run on one row takes.</param>
    public ValueTask RunAsync(IModelRuntime runtime, TimeSpan warmRun, TensorSet tensors, in Deadline deadline)
    {
        if (!runtime.Computes || warmRun <= _slow)
        {
            return runtime.RunAsync(tensors, deadline);
        }

        var job = new Job(runtime, tensors, deadline);
        try
        {
            _jobs.Add(job, CancellationToken.None);
        }
        catch (InvalidOperationException error)
        {
            throw InferenceException.Unavailable("the server is stopping", error);
        }

        return new ValueTask(job.Done.Task);
    }

    /// <summary>Takes no more jobs; the threads end when those that wait are done.</summary>
    public void Dispose() => _jobs.CompleteAdding();

    private void Work()
    {
        foreach (var job in _jobs.GetConsumingEnumerable(CancellationToken.None))
        {
            _ = job.RunAsync();
        }
    }

    private sealed class Job(IModelRuntime runtime, TensorSet tensors, Deadline deadline)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Done when it returns: a runtime that computes does so on this thread.</summary>
        public async Task RunAsync()
        {
            try
            {
                deadline.Check();
                await runtime.RunAsync(tensors, deadline);
                Done.SetResult();
            }
            catch (Exception error)
            {
                Done.SetException(error);
            }
        }
    }
}
