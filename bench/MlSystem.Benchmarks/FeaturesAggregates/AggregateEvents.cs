using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.EventLog.Embedded;

namespace MlSystem.Benchmarks.FeaturesAggregates;

/// <summary>Events of 10,000 users in the embedded log, 100,000 in a second of event time, and the hand-written loop that reads them.</summary>
internal sealed class AggregateEvents(string folder, int events)
{
    public const string Topic = "bench.clicks";
    public const int Users = 10_000;
    private const int Batch = 1_000;
    private const int Panes = 60;

    public int Count => events;

    public async Task AppendAsync()
    {
        using var metrics = new EventLogMetrics();
        await using var log = Open(metrics);
        var random = new Random(7);
        var headers = new Dictionary<string, string>();
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;
        for (var first = 0; first < events; first += Batch)
        {
            var batch = new LogEvent[Math.Min(Batch, events - first)];
            for (var i = 0; i < batch.Length; i++)
            {
                var user = string.Create(CultureInfo.InvariantCulture, $"u{random.Next(Users)}");
                var json = string.Create(CultureInfo.InvariantCulture, $$"""{"user_id":"{{user}}","at":{{start + ((first + i) * 10L)}},"amount":{{random.Next(1, 10_000) / 100.0}},"page":"/product/{{random.Next(500)}}"}""");
                batch[i] = new LogEvent(user, Encoding.UTF8.GetBytes(json), headers);
            }

            await log.AppendAsync(Topic, batch, CancellationToken.None);
        }
    }

    /// <summary>Reads the log, parses, and adds to a Dictionary of panes: no rows, no state on disk, no late events.</summary>
    /// <returns>Events a second.</returns>
    public async Task<double> LoopAsync(string group)
    {
        using var metrics = new EventLogMetrics();
        await using var log = Open(metrics);
        await using var consumer = log.Subscribe(Topic, group);
        var started = TimeProvider.System.GetTimestamp();
        var users = new Dictionary<string, Windows>(StringComparer.Ordinal);
        for (var read = 0; read < events;)
        {
            foreach (var stored in await consumer.ReadAsync(20_000, CancellationToken.None))
            {
                using var json = System.Text.Json.JsonDocument.Parse(stored.Event.Value);
                var user = json.RootElement.GetProperty("user_id").GetString()!;
                if (!users.TryGetValue(user, out var windows))
                {
                    users[user] = windows = new Windows();
                }

                windows.Add(json.RootElement.GetProperty("at").GetInt64(), json.RootElement.GetProperty("amount").GetDouble());
                read++;
            }

            await consumer.CommitAsync(CancellationToken.None);
        }

        return events / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private EmbeddedEventLog Open(EventLogMetrics metrics) => new(folder, new EventLogServices(new EventLogOptions(), metrics, TimeProvider.System, NullLogger.Instance));

    private sealed class Windows
    {
        private static readonly long[] PaneUs = [1_000_000, 60_000_000, 1_440_000_000];
        private readonly (long Pane, long Count, double Sum, double Max)[][] _panes = [new (long, long, double, double)[Panes], new (long, long, double, double)[Panes], new (long, long, double, double)[Panes]];

        public void Add(long us, double amount)
        {
            for (var w = 0; w < PaneUs.Length; w++)
            {
                var pane = us / PaneUs[w];
                ref var slot = ref _panes[w][pane % Panes];
                if (slot.Pane != pane)
                {
                    slot = (pane, 0, 0, double.MinValue);
                }

                slot = (pane, slot.Count + 1, slot.Sum + amount, Math.Max(slot.Max, amount));
            }
        }
    }
}
