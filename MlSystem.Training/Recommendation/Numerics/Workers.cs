namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>Work on independent rows by several threads. What is written for a row must depend on that row alone; so results don't depend on who did it.</summary>
internal static class Workers
{
    /// <summary>Runs <paramref name="body"/> for ranges of rows; each thread has a local of its own, such as buffers.</summary>
    public static void Ranges<TLocal>(int rows, int rangeSize, FitContext context, Func<TLocal> local, Action<int, int, TLocal> body)
    {
        var ranges = (rows + rangeSize - 1) / rangeSize;
        var next = -1;
        var options = new ParallelOptions { MaxDegreeOfParallelism = context.Threads, CancellationToken = context.Cancellation };
        Parallel.For(0, Math.Min(context.Threads, Math.Max(1, ranges)), options, _ =>
        {
            var buffers = local();
            for (var range = Interlocked.Increment(ref next); range < ranges; range = Interlocked.Increment(ref next))
            {
                context.Cancellation.ThrowIfCancellationRequested();
                body(range * rangeSize, Math.Min(rows, (range + 1) * rangeSize), buffers);
            }
        });
    }

    /// <summary>Runs as many parts as there are threads, each once.</summary>
    public static void Parts(FitContext context, Action<int> body) =>
        Parallel.For(0, context.Threads, new ParallelOptions { MaxDegreeOfParallelism = context.Threads, CancellationToken = context.Cancellation }, body);
}
