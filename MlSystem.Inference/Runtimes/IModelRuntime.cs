using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>What computes a version's outputs from its inputs: an ONNX Runtime session, an ML.NET pipeline, or a graph of other versions.</summary>
public interface IModelRuntime : IDisposable
{
    /// <summary>The protocol's platform name, such as <c>onnxruntime_onnx</c>.</summary>
    string Platform { get; }

    IReadOnlyList<TensorInfo> Inputs { get; }

    IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>Columns by which absent inputs are looked up; not inputs of the model.</summary>
    IReadOnlyList<TensorInfo> JoinKeys { get; }

    /// <summary>Whether the first dimension of every input and output counts rows, so that rows of several requests may run together.</summary>
    bool HasRows { get; }

    /// <summary>Whether <see cref="RunAsync(TensorSet, Deadline)"/> computes on the calling thread and returns when it is done; else it waits for other versions.</summary>
    bool Computes { get; }

    /// <summary>Whether <see cref="TensorSet.Stop"/> ends a run under way, so that one that hangs may be on a request's own thread.</summary>
    bool CanStop => false;

    /// <summary>Whether the rows of a request alone say how much a run computes: neither their values nor free dimensions do.</summary>
    bool HasBoundedWork => false;

    /// <summary>A set of tensors to fill, run and return.</summary>
    TensorSet Rent();

    /// <summary>Takes a set back; one that has grown large is freed instead of kept, and one that <see cref="TensorSet.IsLost"/> is left alone.</summary>
    void Return(TensorSet tensors);

    /// <summary>Computes the outputs of a set from its inputs.</summary>
    /// <exception cref="InferenceException">The model does not accept the inputs or failed on them.</exception>
    ValueTask RunAsync(TensorSet tensors, Deadline deadline);

    /// <summary>The same for a runtime that waits for other versions, in whose queues the request has a priority.</summary>
    /// <param name="priority">1 is highest, 15 lowest, 0 the middle.</param>
    ValueTask RunAsync(TensorSet tensors, int priority, Deadline deadline) => RunAsync(tensors, deadline);
}
