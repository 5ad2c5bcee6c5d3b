using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>Runs a freshly loaded model on signature-shaped rows, so that no caller pays for first-time work.</summary>
internal static class WarmUp
{
    private const int Runs = 3;
    private const int DynamicDimension = 1;

    /// <summary>Runs the model and returns the time of its last run: how long a small request computes.</summary>
    /// <exception cref="ModelRefusedException">The model does not run on rows of its own signature.</exception>
    public static async Task<TimeSpan> RunAsync(IModelRuntime model, TimeProvider time, CancellationToken cancellationToken)
    {
        var last = TimeSpan.Zero;
        var tensors = model.Rent();
        try
        {
            for (var run = 0; run < Runs; run++)
            {
                Array.ForEach(tensors.Inputs, Fill);
                var started = time.GetTimestamp();
                await model.RunAsync(tensors, new Deadline(time, started, Timeout.InfiniteTimeSpan, cancellationToken));
                last = time.GetElapsedTime(started);
            }
        }
        catch (InferenceException error)
        {
            throw new ModelRefusedException($"warm-up on a row of the signature's shape failed: {error.Message}", error);
        }
        finally
        {
            model.Return(tensors);
        }

        return last;
    }

    private static void Fill(Tensor input)
    {
        var shape = Array.ConvertAll(input.Info.Shape, dimension => dimension < 0 ? DynamicDimension : dimension);
        input.Resize(shape, checked((int)shape.Aggregate(1L, (product, dimension) => product * dimension)));
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
