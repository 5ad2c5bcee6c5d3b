namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): the same numbers on every machine and version.</summary>
public struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to 1, without 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>0 to <paramref name="bound"/> - 1.</summary>
    public int Next(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>Mean 0 and variance 1 (Box and Muller).</summary>
    public float NextGaussian() => (float)(Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble()));

    /// <summary>Fisher and Yates.</summary>
    public void Shuffle(Span<int> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary>A generator for one part of the work, such as an epoch or a thread.</summary>
    public static SplitMix64 For(ulong seed, int part) => new(new SplitMix64(seed + ((ulong)part * 0xD1342543DE82EF95)).Next());
}
