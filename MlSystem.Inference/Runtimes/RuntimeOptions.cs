using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Runtimes;

/// <summary>Settings of model execution: section <c>Inference:Runtime</c>.</summary>
public sealed class RuntimeOptions
{
    /// <summary>Threads inside one operator, 1 to 256. One is best for small models, whose work is shorter than waking a second thread.</summary>
    [Range(1, 256)]
    public int IntraOpThreads { get; set; } = 1;

    /// <summary>Bytes of tensors that one pooled set may keep between requests, default 1 MiB; larger ones are freed.</summary>
    [Range(0, long.MaxValue)]
    public long MaxPooledTensorBytes { get; set; } = 1 << 20;

    /// <summary>A model whose warm run takes longer than this many microseconds runs on threads of its own, away from those that serve connections. Default 1,000.</summary>
    [Range(0, long.MaxValue)]
    public long SlowModelMicroseconds { get; set; } = 1_000;

    /// <summary>Threads for slow models; 0 (default) means one a processor.</summary>
    [Range(0, 1024)]
    public int SlowModelThreads { get; set; }
}
