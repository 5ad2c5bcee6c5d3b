using System.Text;
using Confluent.Kafka;

namespace MlSystem.ServiceDefaults.EventLog.Kafka;

/// <summary>Events as Kafka messages: headers are UTF-8.</summary>
internal static class KafkaMessages
{
    private static readonly Dictionary<string, string> NoHeaders = [];

    public static Message<string, ReadOnlyMemory<byte>> Write(LogEvent e)
    {
        var message = new Message<string, ReadOnlyMemory<byte>> { Key = e.Key, Value = e.Value };
        if (e.Headers.Count > 0)
        {
            message.Headers = [];
            foreach (var (name, value) in e.Headers)
            {
                message.Headers.Add(name, Encoding.UTF8.GetBytes(value));
            }
        }

        return message;
    }

    public static StoredEvent Read(ConsumeResult<string?, byte[]?> result) => new(
        result.Partition.Value,
        result.Offset.Value,
        DateTimeOffset.FromUnixTimeMilliseconds(result.Message.Timestamp.UnixTimestampMs),
        new LogEvent(result.Message.Key ?? "", result.Message.Value ?? [], ReadHeaders(result.Message.Headers)));

    private static Dictionary<string, string> ReadHeaders(Headers? headers)
    {
        if (headers is not { Count: > 0 })
        {
            return NoHeaders;
        }

        var read = new Dictionary<string, string>(headers.Count, StringComparer.Ordinal);
        foreach (var header in headers)
        {
            read[header.Key] = Encoding.UTF8.GetString(header.GetValueBytes() ?? []);
        }

        return read;
    }
}

/// <summary>Passes a payload on without a copy where it is a whole array.</summary>
internal sealed class MemorySerializer : ISerializer<ReadOnlyMemory<byte>>
{
    public static readonly MemorySerializer Instance = new();

    public byte[] Serialize(ReadOnlyMemory<byte> data, SerializationContext context) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(data, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : data.ToArray();
}
