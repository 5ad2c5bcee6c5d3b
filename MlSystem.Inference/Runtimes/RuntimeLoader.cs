using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Graphs;
using MlSystem.Inference.Runtimes.MlNet;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Runtimes;

/// <summary>A version's files on this replica's disk, with what is known of it.</summary>
/// <param name="Files">Name in the artifact folder → path.</param>
/// <param name="Load">Loads a version that this one needs, or finds it resident.</param>
public sealed record VersionFiles(
    VersionKey Key, IReadOnlyDictionary<string, string> Files, ModelSignatureSource Source, Execution Execution, Func<VersionKey, CancellationToken, Task<LoadedVersion>> Load);

/// <summary>A runtime with the signature that its version has or that follows from its model.</summary>
/// <param name="Members">Versions on which the runtime holds leases.</param>
public sealed record LoadedRuntime(IModelRuntime Runtime, ModelSignature Signature, IReadOnlyList<LoadedVersion> Members);

/// <summary>Chooses the runtime by the file that a version consists of.</summary>
public sealed class RuntimeLoader(GraphLoader graphs, IOptions<RuntimeOptions> options)
{
    /// <exception cref="ModelRefusedException">It can't be served.</exception>
    public async Task<LoadedRuntime> LoadAsync(VersionFiles version, CancellationToken cancellationToken)
    {
        var maxPooledBytes = options.Value.MaxPooledTensorBytes;
        if (version.Files.ContainsKey(ModelFiles.Ensemble))
        {
            var graph = await graphs.LoadAsync(version, maxPooledBytes, cancellationToken);
            return new LoadedRuntime(graph, graph.Plan.Signature, graph.Members);
        }

        if (version.Files.TryGetValue(ModelFiles.Onnx, out var onnx))
        {
            var model = OnnxRuntimeModel.Load(onnx, version.Source, version.Execution, maxPooledBytes);
            return new LoadedRuntime(model, version.Source.Signature ?? SignatureTensors.Of(model), []);
        }

        if (version.Files.TryGetValue(ModelFiles.MlNet, out var zip))
        {
            return LoadMlNet(zip, version.Source, maxPooledBytes);
        }

        throw new ModelRefusedException($"its files have no {ModelFiles.Onnx}, {ModelFiles.MlNet} or {ModelFiles.Ensemble}");
    }

    // A method of its own: ML.NET's assemblies are loaded when it is first called, so that who serves no zip does not pay for them.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static LoadedRuntime LoadMlNet(string file, ModelSignatureSource source, long maxPooledBytes)
    {
        var model = MlNetRuntime.Load(file, source, maxPooledBytes);
        return new LoadedRuntime(model, model.Signature, []);
    }
}
