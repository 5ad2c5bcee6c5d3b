using Microsoft.Extensions.ObjectPool;
using Microsoft.ML.OnnxRuntime;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>An ONNX Runtime session with a pool of reusable inputs and outputs.</summary>
public sealed class OnnxRuntimeModel : IModelRuntime
{
    private const string InvalidArgument = "[ErrorCode:InvalidArgument]";
    private readonly InferenceSession _session;
    private readonly ObjectPool<TensorSet> _pool;

    private OnnxRuntimeModel(InferenceSession session, IReadOnlyList<TensorInfo> inputs, IReadOnlyList<TensorInfo> outputs, IReadOnlyList<TensorInfo> joinKeys, long maxPooledBytes)
    {
        _session = session;
        Inputs = inputs;
        Outputs = outputs;
        JoinKeys = joinKeys;
        OutputShapes = OutputShape.Resolve(session, inputs, outputs);
        HasRows = inputs.Concat(outputs).All(tensor => tensor.HasRows);
        _pool = new DefaultObjectPoolProvider { MaximumRetained = Environment.ProcessorCount * 32 }.Create(new TensorSetPolicy(this, maxPooledBytes));
    }

    public string Platform => "onnxruntime_onnx";

    public bool Computes => true;

    public bool CanStop => true;

    public IReadOnlyList<TensorInfo> Inputs { get; }

    public IReadOnlyList<TensorInfo> Outputs { get; }

    public IReadOnlyList<TensorInfo> JoinKeys { get; }

    public bool HasRows { get; }

    public bool HasBoundedWork { get; private init; }

    internal IReadOnlyList<OutputShape> OutputShapes { get; }

    /// <summary>Loads a model file.</summary>
    /// <exception cref="ModelRefusedException">It is not a model, or takes or gives something that the protocol has no form for.</exception>
    /// <param name="maxPooledBytes"><see cref="RuntimeOptions.MaxPooledTensorBytes"/>.</param>
    public static OnnxRuntimeModel Load(string file, ModelSignatureSource signature, Execution execution, long maxPooledBytes)
    {
        InferenceSession session;
        try
        {
            using var sessionOptions = execution.ToSessionOptions();
            session = new InferenceSession(file, sessionOptions);
        }
        catch (OnnxRuntimeException error)
        {
            throw new ModelRefusedException($"ONNX Runtime does not load it: {error.Message}", error);
        }

        try
        {
            var (inputs, outputs) = SignatureCheck.Match(session, signature.Signature);
            return new OnnxRuntimeModel(session, inputs, outputs, SignatureCheck.JoinKeys(signature.JoinKeys), maxPooledBytes)
            {
                HasBoundedWork = BoundedWork.Has(file, inputs),
            };
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public TensorSet Rent() => _pool.Get();

    public void Return(TensorSet tensors)
    {
        if (!tensors.IsLost)
        {
            _pool.Return(tensors);
        }
    }

    public ValueTask RunAsync(TensorSet tensors, Deadline deadline)
    {
        var bound = (OnnxTensorSet)tensors;
        try
        {
            bound.Bind();
            _session.RunWithBinding(bound.Options, bound.Binding);
            bound.TakeOutputs();
            return ValueTask.CompletedTask;
        }
        catch (OnnxRuntimeException error)
        {
            var kind = error.Message.StartsWith(InvalidArgument, StringComparison.Ordinal) ? FaultKind.InvalidArgument : FaultKind.ModelFailed;
            throw new InferenceException(kind, $"the model does not accept these inputs or failed on them: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        (_pool as IDisposable)?.Dispose();
        _session.Dispose();
    }

    internal OrtIoBinding CreateBinding() => _session.CreateIoBinding();

    private sealed class TensorSetPolicy(OnnxRuntimeModel model, long maxBytes) : PooledObjectPolicy<TensorSet>
    {
        public override TensorSet Create() => new OnnxTensorSet(model);

        public override bool Return(TensorSet tensors) => tensors.Reset() <= maxBytes && !((OnnxTensorSet)tensors).Options.Terminate;
    }
}
