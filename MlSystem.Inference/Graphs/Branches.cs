using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Graphs;

/// <summary>Runs branches at once.</summary>
internal static class Branches
{
    /// <summary>
    /// Starts all and completes when all have ended. With <paramref name="stopAtFirst"/> the first failure cancels the others, so that
    /// they start nothing more, and is thrown; else each result or failure stands by itself.
    /// </summary>
    public static async Task<IReadOnlyList<BranchResult>> RunAsync(IReadOnlyList<Func<Deadline, Task<TensorScope>>> branches, bool stopAtFirst, Deadline deadline)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(deadline.Caller);
        var inner = deadline.For(stop.Token);
        InferenceException? first = null;

        // A model computes on the thread that asks: all but the last get one of the pool's.
        var running = branches.Select((branch, i) => i < branches.Count - 1 ? Task.Run(() => RunAsync(branch), CancellationToken.None) : RunAsync(branch)).ToList();
        var results = await Task.WhenAll(running);
        return stopAtFirst && first is not null ? throw new InferenceException(first.Fault, first) : results;

        async Task<BranchResult> RunAsync(Func<Deadline, Task<TensorScope>> branch)
        {
            try
            {
                return new BranchResult(await branch(inner), null);
            }
            catch (InferenceException error)
            {
                if (stopAtFirst && Interlocked.CompareExchange(ref first, error, null) is null)
                {
                    await stop.CancelAsync();
                }

                return new BranchResult(null, error);
            }
        }
    }
}

/// <summary>What a branch gave, or why it failed.</summary>
internal readonly record struct BranchResult(TensorScope? Outputs, InferenceException? Error);
