using System.Text;
using System.Text.RegularExpressions;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>What both implementations refuse before anything is written.</summary>
internal static partial class EventLimits
{
    public static void CheckName(string name, string what)
    {
        if (!NamePattern().IsMatch(name))
        {
            throw new ArgumentException($"{what} '{name}' must have 1 to 200 characters, each a letter, a digit, '.', '_' or '-', and start with a letter or digit.", what);
        }
    }

    /// <summary>Checks every event and returns the bytes of all keys, headers and values.</summary>
    public static long Check(string topic, IReadOnlyCollection<LogEvent> events, EventLogOptions options)
    {
        long total = 0;
        foreach (var e in events)
        {
            if (e.Value.Length > options.MaxEventBytes)
            {
                throw new EventTooLargeException($"Topic {topic}: an event's value has {e.Value.Length} bytes; allowed are {options.MaxEventBytes}. Nothing was appended.");
            }

            var rest = HeaderBytes(e);
            if (rest > options.MaxHeaderBytes)
            {
                throw new EventTooLargeException($"Topic {topic}: an event's key and headers have {rest} bytes; allowed are {options.MaxHeaderBytes}. Nothing was appended.");
            }

            total += e.Value.Length + rest;
        }

        return total;
    }

    private static long HeaderBytes(LogEvent e)
    {
        long bytes = Encoding.UTF8.GetByteCount(e.Key);
        if (e.Headers.Count > 0)
        {
            foreach (var (name, value) in e.Headers)
            {
                bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
            }
        }

        return bytes;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();
}
