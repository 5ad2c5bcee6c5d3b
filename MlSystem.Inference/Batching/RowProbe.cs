using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Batching;

/// <summary>
/// Tries whether requests may share runs of a model: random rows must give the same alone and among others (a model that takes a
/// mean over its rows counts rows too, and would mix callers), and measures what sharing saves.
/// </summary>
public static class RowProbe
{
    private const int Together = 4;
    private const int Many = 16;
    private const int Timings = 3;
    private const double Tolerance = 1e-3;

    // A model that takes longer gains enough from any saving; a long measurement would only delay its loading.
    private static readonly TimeSpan LongRun = TimeSpan.FromMilliseconds(50);

    /// <param name="warmRun">Time of a warm run on one row.</param>
    public static async Task<ModelProfile> RunAsync(IModelRuntime model, TimeSpan warmRun, TimeProvider time, CancellationToken cancellationToken)
    {
        (int, double) one = (1, warmRun.TotalSeconds);
        if (!model.HasRows || !model.Computes)
        {
            return new ModelProfile(false, [one]);
        }

        try
        {
            if (!await IsIndependentAsync(model, time, cancellationToken))
            {
                return new ModelProfile(false, [one]);
            }

            var timings = warmRun > LongRun ? 1 : Timings;
            return new ModelProfile(true, [(1, await TimeAsync(model, 1, timings, time, cancellationToken)), (Many, await TimeAsync(model, Many, timings, time, cancellationToken))]);
        }
        catch (InferenceException)
        {
            // It runs on one row, which the warm-up has shown, and not on several.
            return new ModelProfile(false, [one]);
        }
    }

    private static async Task<bool> IsIndependentAsync(IModelRuntime model, TimeProvider time, CancellationToken cancellationToken)
    {
        var (all, single) = (model.Rent(), model.Rent());
        try
        {
            foreach (var input in all.Inputs)
            {
                ProbeRows.Fill(input, Together);
            }

            await RunAsync(model, all, time, cancellationToken);
            if (RowCopy.CheckOutputs(all, Together) is not null)
            {
                return false;
            }

            for (var row = 0; row < Together; row++)
            {
                ProbeRows.TakeRow(all, row, single);
                await RunAsync(model, single, time, cancellationToken);
                if (RowCopy.CheckOutputs(single, 1) is not null || !ProbeRows.SameOutputs(all, row, single, Tolerance))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            model.Return(all);
            model.Return(single);
        }
    }

    /// <summary>Seconds of the fastest run.</summary>
    private static async Task<double> TimeAsync(IModelRuntime model, int rows, int runs, TimeProvider time, CancellationToken cancellationToken)
    {
        var tensors = model.Rent();
        try
        {
            Array.ForEach(tensors.Inputs, input => ProbeRows.Fill(input, rows));
            var best = double.MaxValue;

            // The first run on new tensors also binds them.
            for (var run = 0; run <= runs; run++)
            {
                var started = time.GetTimestamp();
                await RunAsync(model, tensors, time, cancellationToken);
                best = run == 0 ? best : Math.Min(best, time.GetElapsedTime(started).TotalSeconds);
            }

            return best;
        }
        finally
        {
            model.Return(tensors);
        }
    }

    private static ValueTask RunAsync(IModelRuntime model, TensorSet tensors, TimeProvider time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return model.RunAsync(tensors, new Deadline(time, time.GetTimestamp(), Timeout.InfiniteTimeSpan, cancellationToken));
    }
}
