using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>The inputs, outputs and join keys of one request; pooled by the runtime.</summary>
public class TensorSet(IModelRuntime runtime) : IDisposable
{
    public Tensor[] Inputs { get; } = [.. runtime.Inputs.Select(info => new Tensor(info))];

    public Tensor[] Outputs { get; } = [.. runtime.Outputs.Select(info => new Tensor(info))];

    public Tensor[] JoinKeys { get; } = [.. runtime.JoinKeys.Select(info => new Tensor(info))];

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
