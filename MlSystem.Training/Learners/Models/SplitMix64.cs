namespace MlSystem.Training.Learners.Models;

/// <summary>Steele, Lea and Flood's splitmix64 ("Fast Splittable Pseudorandom Number Generators", OOPSLA 2014): the same numbers on every machine.</summary>
internal struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9e3779b97f4a7c15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1L << 53));
}
