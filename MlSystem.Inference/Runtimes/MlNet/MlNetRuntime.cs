using Microsoft.Extensions.ObjectPool;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;
using MlSystem.MlNet;

namespace MlSystem.Inference.Runtimes.MlNet;

/// <summary>A pipeline that ML.NET saved, with a pool of bound rows.</summary>
public sealed class MlNetRuntime : IModelRuntime
{
    private readonly MlNetModel _model;
    private readonly ObjectPool<TensorSet> _pool;

    private MlNetRuntime(MlNetModel model, ModelSignature signature, IReadOnlyList<TensorSpec> joinKeys, long maxPooledBytes)
    {
        _model = model;
        Signature = signature;
        Inputs = SignatureTensors.Of(signature.Inputs);
        Outputs = SignatureTensors.Of(signature.Outputs);
        JoinKeys = SignatureCheck.JoinKeys(joinKeys);
        _pool = TensorSetPool.Create(() => new MlNetTensorSet(this, _model), maxPooledBytes);
    }

    public string Platform => "mlnet_zip";

    public IReadOnlyList<TensorInfo> Inputs { get; }

    public IReadOnlyList<TensorInfo> Outputs { get; }

    public IReadOnlyList<TensorInfo> JoinKeys { get; }

    public bool HasRows => true;

    public bool Computes => true;

    /// <summary>The version's own, completed by the model's inputs and outputs in their order.</summary>
    public ModelSignature Signature { get; }

    /// <summary>Loads a saved pipeline.</summary>
    /// <exception cref="ModelRefusedException">It is none, or its signature says something else.</exception>
    public static MlNetRuntime Load(string file, ModelSignatureSource source, long maxPooledBytes)
    {
        try
        {
            var model = MlNetModel.Load(file);
            return source.Signature is { } declared && model.Problem(declared) is { } problem
                ? throw new ModelRefusedException(problem)
                : new MlNetRuntime(model, Complete(model.Signature, source.Signature), source.JoinKeys, maxPooledBytes);
        }
        catch (MlNetModelException error)
        {
            throw new ModelRefusedException($"{ModelFiles.MlNet}: {error.Message}", error);
        }
    }

    public TensorSet Rent() => _pool.Get();

    public void Return(TensorSet tensors)
    {
        // A run that was given up still works on a lost set, and frees it when it ends.
        if (!tensors.IsLost)
        {
            _pool.Return(tensors);
        }
    }

    public ValueTask RunAsync(TensorSet tensors, Deadline deadline)
    {
        try
        {
            ((MlNetTensorSet)tensors).Predict();
            return ValueTask.CompletedTask;
        }
        catch (Exception error) when (error is not InferenceException)
        {
            // ML.NET throws whatever its transforms throw.
            throw new InferenceException(FaultKind.ModelFailed, $"the model failed on these inputs: {error.Message}", error);
        }
    }

    public void Dispose() => (_pool as IDisposable)?.Dispose();

    /// <summary>What the version says of each tensor comes first; outputs that it does not list stay.</summary>
    private static ModelSignature Complete(ModelSignature model, ModelSignature? declared) => declared is null ? model : declared with
    {
        Inputs = [.. model.Inputs.Select(tensor => declared.Inputs.FirstOrDefault(spec => spec.Name == tensor.Name) ?? tensor)],
        Outputs = [.. model.Outputs.Select(tensor => declared.Outputs.FirstOrDefault(spec => spec.Name == tensor.Name) ?? tensor)],
    };
}
