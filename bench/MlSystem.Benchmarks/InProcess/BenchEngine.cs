using System.Diagnostics;
using Microsoft.Extensions.Options;
using MlSystem.BenchModels;
using MlSystem.Contracts;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;

namespace MlSystem.Benchmarks.InProcess;

/// <summary>One model behind the engine as the server has it: loaded, warm, probed, with queues of endpoints.</summary>
internal sealed class BenchEngine : IDisposable
{
    private readonly RunStatistics _statistics = new();
    private readonly LoadedVersion _version;
    private long _revision;

    private BenchEngine(LoadedVersion version, string file) => (_version, File) = (version, file);

    public string File { get; }

    public static async Task<BenchEngine> LoadAsync(BenchModel model, EngineHost host, string folder)
    {
        var file = Path.Combine(folder, model.Name + ".onnx");
        await System.IO.File.WriteAllBytesAsync(file, model.Files[ModelFiles.Onnx]);
        var execution = Execution.Of(new ExecutionSettings(), new RuntimeOptions());
        var runtime = OnnxRuntimeModel.Load(file, new ModelSignatureSource(model.Signature, []), execution, new RuntimeOptions().MaxPooledTensorBytes);
        var warm = await WarmUp.RunAsync(runtime, [32], TimeProvider.System, CancellationToken.None);
        var profile = await RowProbe.RunAsync(runtime, warm, TimeProvider.System, CancellationToken.None);
        return new BenchEngine(new LoadedVersion(new VersionKey(model.Name, 1), runtime, execution, lineage: null, profile, host) { Signature = model.Signature, Members = [] }, file);
    }

    /// <summary>The queue of an endpoint's new revision.</summary>
    public VariantQueue Queue(string mode) => _version.Engine.QueueFor(
        BatchSettings.Of(new EndpointBatching { Mode = mode }, new EndpointLimits(), new BatchingOptions()), new EndpointGate("bench", 256, 4096), _statistics, ++_revision);

    public TensorSet Filled(int rows)
    {
        var tensors = _version.Runtime.Rent();
        Array.ForEach(tensors.Inputs, input => ProbeRows.Fill(input, rows));
        return tensors;
    }

    /// <summary>Runs a set once, which shapes its outputs.</summary>
    public ValueTask ShapeAsync(TensorSet tensors, Deadline deadline) => _version.Runtime.RunAsync(tensors, deadline);

    /// <summary>Microseconds a call, one after the other: the median over chunks of 100.</summary>
    public async Task<double> MicrosecondsAsync(VariantQueue queue, int rows, int chunks)
    {
        var tensors = Filled(rows);
        var times = new double[chunks];
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var started = Stopwatch.GetTimestamp();
            await CallAsync(queue, tensors, rows, 100, yields: false);
            times[chunk] = Stopwatch.GetElapsedTime(started).TotalMicroseconds / 100;
        }

        return Rounds.Median(times);
    }

    /// <summary>Calls a second of so many callers together, each on tensors of its own.</summary>
    /// <param name="yields">Whether a caller lets others go on between its calls, as requests do.</param>
    public async Task<double> RateAsync(VariantQueue queue, int callers, int calls, bool yields)
    {
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() => CallAsync(queue, Filled(1), 1, calls / callers, yields))));
        return calls / callers * callers / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose() => _version.Release();

    private static async Task CallAsync(VariantQueue queue, TensorSet tensors, int rows, int calls, bool yields)
    {
        var deadline = new Deadline(TimeProvider.System, Stopwatch.GetTimestamp(), TimeSpan.FromHours(1), CancellationToken.None);
        for (var i = 0; i < calls; i++)
        {
            if ((await queue.RunAsync(tensors, rows, priority: 0, deadline)).Fault is { } fault)
            {
                throw new InvalidOperationException(fault.Message);
            }

            if (yields)
            {
                await Task.Yield();
            }
        }
    }
}
