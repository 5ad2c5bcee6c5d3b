using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Benchmarks.InProcess;

/// <summary>The baseline: a loop around a session of its own, over values that are made once.</summary>
internal static class ReusedValues
{
    /// <summary>Microseconds a call: the median over chunks of 100.</summary>
    public static async Task<double> MicrosecondsAsync(BenchEngine engine, int rows, int chunks)
    {
        using var options = Execution.Of(new ExecutionSettings(), new RuntimeOptions()).ToSessionOptions();
        using var session = new InferenceSession(engine.File, options);
        using var run = new RunOptions();
        var set = engine.Filled(rows);

        // Shapes the outputs.
        await engine.ShapeAsync(set, new Deadline(TimeProvider.System, Stopwatch.GetTimestamp(), Timeout.InfiniteTimeSpan, CancellationToken.None));
        string[] inputs = [.. set.Inputs.Select(tensor => tensor.Info.Name)];
        string[] outputs = [.. set.Outputs.Select(tensor => tensor.Info.Name)];
        OrtValue[] given = [.. set.Inputs.Select(tensor => tensor.Value)];
        OrtValue[] taken = [.. set.Outputs.Select(tensor => tensor.Value)];
        return Rounds.Median(Times(chunks, () => session.Run(run, inputs, given, outputs, taken)));
    }

    private static double[] Times(int chunks, Action run)
    {
        var times = new double[chunks];
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < 100; i++)
            {
                run();
            }

            times[chunk] = Stopwatch.GetElapsedTime(started).TotalMicroseconds / 100;
        }

        return times;
    }
}
