using System.Globalization;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>
/// CloudEvents 1.0 in binary mode, as the Kafka protocol binding writes them: attributes are headers with the prefix
/// <c>ce_</c>, the payload's media type is <c>content-type</c>.
/// </summary>
public static class CloudEvents
{
    public const string SpecVersion = "1.0";
    public const string JsonContentType = "application/json";

    private const string Prefix = "ce_";
    private const string ContentType = "content-type";

    /// <summary>Makes an event to append.</summary>
    /// <param name="key">Decides the partition.</param>
    /// <param name="id">Unique within <paramref name="source"/>: consumers recognise duplicates by it.</param>
    /// <param name="type">For example <c>mlsystem.prediction.v1</c>.</param>
    /// <param name="source">The producing service, for example <c>/inference</c>.</param>
    /// <param name="subject">What it is about within the source; left out when null.</param>
    public static LogEvent Create(string key, string id, string type, string source, DateTimeOffset time, ReadOnlyMemory<byte> data, string? subject = null, string contentType = JsonContentType)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Prefix + "specversion"] = SpecVersion,
            [Prefix + "id"] = id,
            [Prefix + "type"] = type,
            [Prefix + "source"] = source,
            [Prefix + "time"] = time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            [ContentType] = contentType,
        };
        if (subject is not null)
        {
            headers[Prefix + "subject"] = subject;
        }

        return new LogEvent(key, data, headers);
    }

    /// <summary>Reads the attributes back.</summary>
    /// <exception cref="FormatException">It is not a CloudEvent 1.0: the message names the attribute.</exception>
    public static CloudEvent Parse(LogEvent e)
    {
        if (Required(e, "specversion") is var version && version != SpecVersion)
        {
            throw new FormatException($"CloudEvents attribute specversion is '{version}'; only '{SpecVersion}' is understood.");
        }

        return new CloudEvent
        {
            Id = Required(e, "id"),
            Type = Required(e, "type"),
            Source = Required(e, "source"),
            Subject = e.Headers.GetValueOrDefault(Prefix + "subject"),
            Time = Time(e),
            ContentType = e.Headers.GetValueOrDefault(ContentType),
            Data = e.Value,
        };
    }

    private static string Required(LogEvent e, string attribute) =>
        e.Headers.TryGetValue(Prefix + attribute, out var value) && value.Length > 0
            ? value
            : throw new FormatException($"CloudEvents attribute {attribute} is missing.");

    private static DateTimeOffset? Time(LogEvent e)
    {
        if (!e.Headers.TryGetValue(Prefix + "time", out var text))
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new FormatException($"CloudEvents attribute time '{text}' is not an RFC 3339 time.");
    }
}

/// <summary>The attributes of a CloudEvent, with its payload.</summary>
public sealed record CloudEvent
{
    public required string Id { get; init; }

    public required string Type { get; init; }

    public required string Source { get; init; }

    public string? Subject { get; init; }

    public DateTimeOffset? Time { get; init; }

    /// <summary>The payload's media type.</summary>
    public string? ContentType { get; init; }

    public ReadOnlyMemory<byte> Data { get; init; }
}
