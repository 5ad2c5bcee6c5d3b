namespace MlSystem.Training.Recommendation;

/// <summary>How a recommender is trained.</summary>
/// <param name="Threads">At least 1. The same seed, data and number of threads always give the same model.</param>
/// <param name="Progress">Share done, 0 to 1.</param>
public sealed record FitContext(int Threads = 1, ulong Seed = 0, IProgress<double>? Progress = null, CancellationToken Cancellation = default)
{
    /// <summary>As many threads as the process may use.</summary>
    public static FitContext AllCores(ulong seed = 0) => new(Environment.ProcessorCount, seed);

    /// <summary>The same without progress: for trainings inside a training.</summary>
    public FitContext Quiet => this with { Progress = null };

    /// <summary>Obeys cancellation and reports progress.</summary>
    public void Step(int done, int all)
    {
        Cancellation.ThrowIfCancellationRequested();
        Progress?.Report((double)done / all);
    }
}
