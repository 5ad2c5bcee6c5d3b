using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>The inputs, outputs and join keys of one request; pooled by the runtime.</summary>
public class TensorSet(IReadOnlyList<TensorInfo> inputs, IReadOnlyList<TensorInfo> outputs, IReadOnlyList<TensorInfo> joinKeys) : IDisposable
{
    public TensorSet(IModelRuntime runtime)
        : this(runtime.Inputs, runtime.Outputs, runtime.JoinKeys)
    {
    }

    public Tensor[] Inputs { get; } = [.. inputs.Select(info => new Tensor(info))];

    public Tensor[] Outputs { get; } = [.. outputs.Select(info => new Tensor(info))];

    public Tensor[] JoinKeys { get; } = [.. joinKeys.Select(info => new Tensor(info))];

    /// <summary>Whether it belongs to a runtime, which takes it back; else it is disposed of.</summary>
    public virtual bool IsPooled => true;

    /// <summary>A graph's members that failed in the last run and were left out.</summary>
    public IReadOnlyList<string> MembersDropped { get; set; } = [];

    /// <summary>Whether a run that was given up still works on these tensors; that run frees them when it ends.</summary>
    public bool IsLost { get; internal set; }

    /// <summary>Asks the run under way to end as soon as it can; the set is not used again. May be called from any thread.</summary>
    public virtual void Stop()
    {
    }

    public virtual void Dispose()
    {
        Array.ForEach(Inputs, tensor => tensor.Dispose());
        Array.ForEach(Outputs, tensor => tensor.Dispose());
        Array.ForEach(JoinKeys, tensor => tensor.Dispose());
        GC.SuppressFinalize(this);
    }

    /// <summary>Forgets the request; the memory stays. Returns the bytes kept.</summary>
    internal long Reset()
    {
        long bytes = 0;
        MembersDropped = [];
        foreach (var tensor in Inputs)
        {
            tensor.IsPresent = false;
            bytes += tensor.KeptBytes;
        }

        foreach (var tensor in JoinKeys)
        {
            tensor.IsPresent = false;
            bytes += tensor.KeptBytes;
        }

        foreach (var tensor in Outputs)
        {
            bytes += tensor.KeptBytes;
        }

        return bytes;
    }
}
