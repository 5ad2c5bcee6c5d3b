using System.IO.Hashing;
using System.Text;

namespace MlSystem.Inference.Policies;

/// <summary>
/// Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights by -w / ln u, Schindelhauer and Schomaker 2005): every
/// variant scores every key by itself and the highest score wins. A variant is hit with a probability proportional to its
/// weight, and a change of one variant's weight moves keys only to or from that variant: the fewest possible.
/// </summary>
public static class Rendezvous
{
    /// <summary>Begins every hash of an endpoint, so that two experiments share their users independently.</summary>
    public static ulong Seed(string endpoint) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(endpoint));

    /// <summary>A variant's part of the hash: of its name, so that another version behind the name keeps the users.</summary>
    public static ulong OfVariant(string name) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(name), seed: 1);

    public static ulong OfKey(ulong seed, ReadOnlySpan<byte> key) => XxHash64.HashToUInt64(key, unchecked((long)seed));

    /// <summary>A variant's score for a key; 0, which never wins, where the weight is 0.</summary>
    public static double Score(ulong key, ulong variant, double weight)
    {
        // The half keeps u off 0 and 1, whose logarithms are no divisors.
        var u = ((Mix(key ^ variant) >> 11) + 0.5) * (1.0 / (1UL << 53));
        return -weight / Math.Log(u);
    }

    /// <summary>The finalizer of SplitMix64 (Steele, Lea and Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
