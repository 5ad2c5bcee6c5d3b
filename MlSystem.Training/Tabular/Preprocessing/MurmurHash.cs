using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace MlSystem.Training.Tabular.Preprocessing;

/// <summary>MurmurHash3 x86 32 bit, seed 0, of a text's UTF-8 bytes (Austin Appleby, 2011): what ONNX Runtime's operator of that name computes.</summary>
internal static class MurmurHash
{
    private const uint C1 = 0xcc9e2d51, C2 = 0x1b873593;

    /// <summary>The bucket of a text, 0 to <paramref name="buckets"/> - 1.</summary>
    public static int Bucket(string text, int buckets) => (int)(Of(text) % (uint)buckets);

    public static uint Of(string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        uint hash = 0;
        var rest = bytes;
        for (; rest.Length >= 4; rest = rest[4..])
        {
            hash ^= Mix(BinaryPrimitives.ReadUInt32LittleEndian(rest));
            hash = (BitOperations.RotateLeft(hash, 13) * 5) + 0xe6546b64;
        }

        uint tail = 0;
        for (var i = rest.Length - 1; i >= 0; i--)
        {
            tail = (tail << 8) | rest[i];
        }

        hash ^= Mix(tail) ^ (uint)bytes.Length;
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }

    private static uint Mix(uint block) => BitOperations.RotateLeft(block * C1, 15) * C2;
}
