using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>A run's progress as server-sent events, from the beginning or behind the one named in <c>Last-Event-ID</c>.</summary>
public static class RunEventStream
{
    /// <summary>Silence after which an event without an id keeps proxies from closing the connection.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static async Task<Results<ServerSentEventsResult<string>, ProblemHttpResult>> WatchAsync(
        string id, HttpRequest request, RunReader reader, RunSignal signal, IOptions<RunOptions> options, TimeProvider time, IHostApplicationLifetime lifetime,
        CancellationToken cancellationToken)
    {
        var header = request.Headers["Last-Event-ID"].ToString();
        var after = 0L;
        if (header.Length > 0 && (!long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out after) || after < 0))
        {
            return Problems.Invalid($"Last-Event-ID must be the id of an event of this run, not '{header}'.");
        }

        return await reader.FindAsync(id, cancellationToken) is null
            ? Problems.NoRun(id)
            : TypedResults.ServerSentEvents(FollowAsync(id, after, reader, signal, options.Value.PollInterval, time, lifetime.ApplicationStopping, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        string id, long after, RunReader reader, RunSignal signal, TimeSpan poll, TimeProvider time, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var spoken = time.GetTimestamp();
        while (true)
        {
            var next = signal.Next;
            var over = RunState.IsFinal((await reader.RequireAsync(id, cancellationToken)).State);
            await foreach (var entry in reader.EventsAsync(id, after, cancellationToken))
            {
                yield return Item(entry);
                (after, spoken) = (entry.Sequence, time.GetTimestamp());
            }

            // A draining server ends its streams at once: clients resume elsewhere behind the last event that they saw.
            if (over || stopping.IsCancellationRequested)
            {
                yield break;
            }

            if (time.GetElapsedTime(spoken) >= KeepAlive)
            {
                yield return new SseItem<string>("{}", "keep_alive");
                spoken = time.GetTimestamp();
            }

            await signal.WaitAsync(next, poll, cancellationToken, stopping);
        }
    }

    private static SseItem<string> Item(RunEventRow entry) =>
        new(entry.Data, entry.Type) { EventId = entry.Sequence.ToString(CultureInfo.InvariantCulture) };
}
