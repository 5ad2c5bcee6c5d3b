using System.Text;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>The partition of a key: FNV-1a (32 bits) over its UTF-8 bytes, modulo the number of partitions. Part of the stored format: it never changes.</summary>
internal static class KeyPartition
{
    public static int Of(string key, int partitions)
    {
        Span<byte> buffer = stackalloc byte[256];
        var bytes = Encoding.UTF8.GetMaxByteCount(key.Length) <= buffer.Length
            ? buffer[..Encoding.UTF8.GetBytes(key, buffer)]
            : Encoding.UTF8.GetBytes(key);
        var hash = 2166136261u;
        foreach (var b in bytes)
        {
            hash = unchecked((hash ^ b) * 16777619u);
        }

        return (int)(hash % (uint)partitions);
    }
}
