using System.Globalization;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>Runs a freshly loaded model on signature-shaped rows, so that no caller pays for first-time work.</summary>
internal static class WarmUp
{
    private const int Runs = 3;
    private const int DynamicDimension = 1;

    /// <summary>Runs the model and returns the time of its last run on one row: how long a small request computes.</summary>
    /// <param name="batchSizes">Further rows to run with, where the model takes rows.</param>
    /// <exception cref="ModelRefusedException">The model does not run on rows of its own signature.</exception>
    public static async Task<TimeSpan> RunAsync(IModelRuntime model, IEnumerable<int> batchSizes, TimeProvider time, CancellationToken cancellationToken)
    {
        // From large to small: memory that grows with the rows is taken once.
        foreach (var rows in batchSizes.Where(size => model.HasRows && size > 1).Distinct().OrderDescending())
        {
            await RunAsync(model, rows, runs: 1, time, cancellationToken);
        }

        return await RunAsync(model, rows: 1, Runs, time, cancellationToken);
    }

    private static async Task<TimeSpan> RunAsync(IModelRuntime model, int rows, int runs, TimeProvider time, CancellationToken cancellationToken)
    {
        var last = TimeSpan.Zero;
        var tensors = model.Rent();
        try
        {
            for (var run = 0; run < runs; run++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Array.ForEach(tensors.Inputs, input => Fill(input, rows));
                var started = time.GetTimestamp();
                await model.RunAsync(tensors, new Deadline(time, started, Timeout.InfiniteTimeSpan, cancellationToken));
                last = time.GetElapsedTime(started);
            }
        }
        catch (InferenceException error) when (!model.Computes && error.Fault.Kind == FaultKind.InvalidArgument)
        {
            // A graph may have no way for a row of zeros; its members are warm.
        }
        catch (InferenceException error)
        {
            throw new ModelRefusedException(string.Create(CultureInfo.InvariantCulture, $"warm-up on {rows} row(s) of the signature's shape failed: {error.Message}"), error);
        }
        finally
        {
            model.Return(tensors);
        }

        return last;
    }

    /// <summary>Zeros and empty strings of the input's shape, with 1 for dimensions that are free.</summary>
    public static void Fill(Tensor input, int rows)
    {
        var shape = Array.ConvertAll(input.Info.Shape, dimension => dimension < 0 ? DynamicDimension : dimension);
        if (input.Info.HasRows)
        {
            shape[0] = rows;
        }

        input.Resize(shape, checked((int)shape.Aggregate(1L, (product, dimension) => product * dimension)));
        input.IsPresent = true;
        if (input.Info.Datatype == Datatype.Bytes)
        {
            for (var i = 0; i < input.Count; i++)
            {
                input.SetBytes(i, []);
            }
        }
        else
        {
            input.Raw.Clear();
        }
    }
}
