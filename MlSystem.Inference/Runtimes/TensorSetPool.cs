using Microsoft.Extensions.ObjectPool;

namespace MlSystem.Inference.Runtimes;

/// <summary>Tensor sets for reuse; one that has grown beyond a size is freed instead of kept.</summary>
internal static class TensorSetPool
{
    public static ObjectPool<TensorSet> Create(Func<TensorSet> make, long maxPooledBytes) =>
        new DefaultObjectPoolProvider { MaximumRetained = Environment.ProcessorCount * 32 }.Create(new Policy(make, maxPooledBytes));

    private sealed class Policy(Func<TensorSet> make, long maxBytes) : PooledObjectPolicy<TensorSet>
    {
        public override TensorSet Create() => make();

        public override bool Return(TensorSet tensors) => tensors.Reset() <= maxBytes;
    }
}
