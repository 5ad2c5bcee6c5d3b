using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace MlSystem.Training.Learners.Features;

/// <summary>
/// The hashing trick with signs (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009) over
/// MurmurHash3 x86 32 of <c>name=value</c> in UTF-8. Part of the stored format: it never changes.
/// </summary>
internal static class FeatureHash
{
    private const int StackBytes = 512;

    public static uint Of(string name, string value)
    {
        var size = Encoding.UTF8.GetMaxByteCount(name.Length + value.Length + 1);
        var buffer = size <= StackBytes ? stackalloc byte[StackBytes] : new byte[size];
        var length = Encoding.UTF8.GetBytes(name, buffer);
        buffer[length++] = (byte)'=';
        length += Encoding.UTF8.GetBytes(value, buffer[length..]);
        return Murmur3(buffer[..length]);
    }

    /// <summary>Slot in a table of 2^<paramref name="bits"/>, and the sign with which the feature counts there.</summary>
    public static (int Slot, double Sign) Place(uint hash, int bits) => ((int)(hash & ((1u << bits) - 1)), (hash >> 31) == 0 ? 1 : -1);

    /// <summary>MurmurHash3_x86_32 with seed 0.</summary>
    public static uint Murmur3(ReadOnlySpan<byte> data)
    {
        const uint C1 = 0xcc9e2d51;
        const uint C2 = 0x1b873593;
        var hash = 0u;
        var length = (uint)data.Length;
        for (; data.Length >= 4; data = data[4..])
        {
            hash ^= BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(data) * C1, 15) * C2;
            hash = (BitOperations.RotateLeft(hash, 13) * 5) + 0xe6546b64;
        }

        var tail = 0u;
        for (var i = data.Length - 1; i >= 0; i--)
        {
            tail = (tail << 8) | data[i];
        }

        hash ^= BitOperations.RotateLeft(tail * C1, 15) * C2;
        hash ^= length;
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }
}
