using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>Settings of the event log: section <c>MlSystem:EventLog</c>.</summary>
public sealed class EventLogOptions
{
    public const string Section = "MlSystem:EventLog";

    /// <summary>Partitions of a topic that does not exist yet; default 8, 1 to 256. A topic keeps the number it was made with.</summary>
    [Range(1, 256)]
    public int Partitions { get; set; } = 8;

    /// <summary>Largest value of one event, in bytes; default 1 MiB, 1 KiB to 64 MiB.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxEventBytes { get; set; } = 1024 * 1024;

    /// <summary>Largest key and headers of one event together, in bytes of UTF-8; default 64 KiB, 1 KiB to 1 MiB.</summary>
    [Range(1024, 1024 * 1024)]
    public int MaxHeaderBytes { get; set; } = 64 * 1024;

    /// <summary>Bytes that may wait to be written per topic before callers of append wait themselves; default 64 MiB, 64 KiB to 1 GiB.</summary>
    [Range(64 * 1024, 1024 * 1024 * 1024)]
    public int MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Events older than this are removed; default 7 days, at least 1 second.</summary>
    public TimeSpan RetentionAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Oldest events are removed while a topic holds more than this many bytes of keys, headers and values; default 10 GiB, at least 1 MiB.</summary>
    [Range(1024L * 1024, long.MaxValue)]
    public long RetentionBytes { get; set; } = 10L * 1024 * 1024 * 1024;

    /// <summary>Time between two retention passes of the embedded log; default 1 minute, 1 second to 1 day.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A consumer that has not been heard of for so long loses its partitions; default 10 seconds, 1 second to 10 minutes. A process that died loses them at once.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a waiting consumer of the embedded log looks for events of other processes; default 15 ms, 1 ms to 1 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(15);

    /// <summary>Replicas of a Kafka topic that does not exist yet; default -1 (the broker's own default), else 1 to 9.</summary>
    [Range(-1, 9)]
    public int KafkaReplicationFactor { get; set; } = -1;

    /// <summary>Further settings of the Kafka client by librdkafka's names, such as <c>security.protocol</c>; they win over the defaults.</summary>
    public Dictionary<string, string> Kafka { get; } = new(StringComparer.Ordinal);
}

/// <summary>Checks <see cref="EventLogOptions"/> and reports every mistake at once.</summary>
internal sealed class EventLogOptionsValidator : IValidateOptions<EventLogOptions>
{
    public ValidateOptionsResult Validate(string? name, EventLogOptions options)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        var errors = results.ConvertAll(result => $"{EventLogOptions.Section}: {result.ErrorMessage}");
        Check(errors, nameof(options.RetentionAge), options.RetentionAge, TimeSpan.FromSeconds(1), TimeSpan.MaxValue);
        Check(errors, nameof(options.RetentionInterval), options.RetentionInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Check(errors, nameof(options.LeaseDuration), options.LeaseDuration, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Check(errors, nameof(options.PollInterval), options.PollInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
        if (options.MaxPendingBytes < options.MaxEventBytes)
        {
            errors.Add($"{EventLogOptions.Section}:{nameof(options.MaxPendingBytes)} must not be smaller than {nameof(options.MaxEventBytes)} ({options.MaxEventBytes}).");
        }

        if (options.KafkaReplicationFactor == 0)
        {
            errors.Add($"{EventLogOptions.Section}:{nameof(options.KafkaReplicationFactor)} must be -1 or 1 to 9.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void Check(List<string> errors, string name, TimeSpan value, TimeSpan min, TimeSpan max)
    {
        if (value < min || value > max)
        {
            errors.Add($"{EventLogOptions.Section}:{name} is {value}; allowed is {min} to {max}.");
        }
    }
}
