namespace MlSystem.Inference.Routing;

/// <summary>Uniform numbers for choosing variants, safe for concurrent callers without a lock: SplitMix64 (Steele, Lea and Flood, 2014) over an atomic counter.</summary>
public sealed class RandomSource(ulong seed)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private ulong _state = seed;

    /// <summary>The next number in [0, 1).</summary>
    public double NextDouble()
    {
        var z = Interlocked.Add(ref _state, Gamma);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
