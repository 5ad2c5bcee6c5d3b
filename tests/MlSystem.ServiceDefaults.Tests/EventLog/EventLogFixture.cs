using System.Diagnostics.CodeAnalysis;
using System.Text;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>One implementation under the contract suite, on a store of its own.</summary>
public abstract class EventLogFixture : IAsyncDisposable
{
    /// <summary>Why this store can't show a point of the contract; null when it can.</summary>
    public virtual string? CannotSeek => null;

    public virtual string? CannotApplyRetention => null;

    public virtual string? CannotShareWork => null;

    public virtual string? CannotStall => null;

    /// <summary>Another log on the same store, as another process would have it; disposed with the fixture.</summary>
    public abstract IEventLog Open(Action<EventLogOptions>? configure = null);

    /// <summary>Removes everything older than a moment, as time would.</summary>
    public abstract Task ApplyRetentionAsync(DateTimeOffset olderThan);

    /// <summary>Lets the store take appends again or not, to see that callers wait for it.</summary>
    public abstract Task<IAsyncDisposable> StallAsync(string topic);

    public abstract ValueTask DisposeAsync();
}

internal static class Events
{
    public static LogEvent Of(string key, string value, params (string Name, string Value)[] headers) =>
        new(key, Encoding.UTF8.GetBytes(value), headers.ToDictionary(h => h.Name, h => h.Value, StringComparer.Ordinal));

    public static string Text(this StoredEvent e) => Encoding.UTF8.GetString(e.Event.Value.Span);

    /// <summary>Reads, and commits when asked, until <paramref name="count"/> events came.</summary>
    public static async Task<List<StoredEvent>> ReadExactlyAsync(this IEventConsumer consumer, int count, CancellationToken cancellationToken, bool commit = false)
    {
        var events = new List<StoredEvent>();
        while (events.Count < count)
        {
            events.AddRange(await consumer.ReadAsync(count - events.Count, cancellationToken));
            if (commit)
            {
                await consumer.CommitAsync(cancellationToken);
            }
        }

        return events;
    }

    /// <summary>True when nothing comes within a moment.</summary>
    [SuppressMessage("Reliability", "CA2016", Justification = "The moment's end is the expected answer.")]
    public static async Task<bool> IsSilentAsync(this IEventConsumer consumer, CancellationToken cancellationToken)
    {
        using var moment = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        moment.CancelAfter(TimeSpan.FromMilliseconds(300));
        try
        {
            return (await consumer.ReadAsync(1, moment.Token)).Count == 0;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }
}
