using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Versions;

/// <summary>
/// What a resident version costs of the memory budget, in bytes. The process's own growth can't be told apart by version while it
/// serves, so it is computed: measured with ONNX Runtime 1.31, sessions on constants of 4 KB, 256 KB and 16 MB grew the process by
/// 117 KB, 457 KB and 14.8 MB each, which 128 KiB and one and a half times the file bound from above.
/// </summary>
internal static class VersionCost
{
    private const long Session = 128 << 10;

    // A text costs its object in native memory; what it holds is not known before requests come.
    private const int TextBytes = 32;

    private static readonly string[] Descriptions =
        [ModelFiles.Signature, ModelFiles.Baseline, ModelFiles.Metrics, ModelFiles.Lineage, ModelFiles.Execution];

    /// <summary>Before it is loaded.</summary>
    public static long Of(ModelManifest manifest)
    {
        var bytes = manifest.Files.Where(file => !Descriptions.Contains(file.Path, StringComparer.Ordinal)).Sum(file => Math.Max(file.SizeBytes, 0));
        return Session + bytes + (bytes / 2);
    }

    /// <summary>Its pooled tensors: one set of the largest warm-up batch for each instance.</summary>
    public static long OfTensors(IModelRuntime runtime, Execution execution, int largestBatch)
    {
        var row = runtime.Inputs.Concat(runtime.Outputs).Sum(RowBytes);
        return row * (runtime.HasRows ? Math.Max(largestBatch, 1) : 1) * (execution.Instances ?? Environment.ProcessorCount);
    }

    private static long RowBytes(TensorInfo info) =>
        info.Shape.Where(dimension => dimension > 0).Aggregate(1L, (product, dimension) => product * dimension)
        * (info.Datatype == Datatype.Bytes ? TextBytes : info.Datatype.Size());
}
