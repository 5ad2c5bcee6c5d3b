using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.EventLog.Embedded;

namespace MlSystem.Benchmarks.EventLog;

/// <summary>
/// The embedded log against raw SQLite on the same disk: 256-byte events in batches of 500, each batch durable before the next.
/// Rounds alternate, so that a noisy machine hits both; the medians of the rounds' ratios are reported.
/// </summary>
internal static class EventLogComparison
{
    private const int Batch = 500;
    private const string Topic = "bench";

    /// <param name="args"><c>[rounds] [events per round] [report file]</c>; default 9 rounds of 200,000 events, printed only.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 9;
        var batches = (args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 200_000) / Batch;
        await RoundAsync(batches / 4);
        var results = new List<Round>();
        for (var i = 0; i < rounds; i++)
        {
            results.Add(await RoundAsync(batches));
        }

        var report = Report(results, batches * Batch);
        Console.Write(report);
        if (args.Length > 2)
        {
            await File.WriteAllTextAsync(args[2], report);
        }

        return 0;
    }

    private static async Task<Round> RoundAsync(int batches)
    {
        var folder = Directory.CreateTempSubdirectory("mlsystem-bench-");
        try
        {
            var keys = Enumerable.Range(0, Batch).Select(i => $"request-{i:D8}").ToArray();
            var value = new byte[256];
            new Random(7).NextBytes(value);
            var raw = Raw(folder.FullName, batches, keys, value);
            var log = await LogAsync(folder.FullName, batches, keys, value);
            return new Round(raw.Append, log.Append, raw.Read, log.Read, log.Handle);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (double Append, double Read) Raw(string folder, int batches, string[] keys, byte[] value)
    {
        using var raw = new RawSqlite(Path.Combine(folder, "raw.db"));
        var bytes = Array.ConvertAll(keys, Encoding.UTF8.GetBytes);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < batches; i++)
        {
            raw.Append(bytes, value);
        }

        var append = Rate(batches, start);
        GC.Collect();
        start = Stopwatch.GetTimestamp();
        return raw.ReadAll(Batch) == batches * Batch ? (append, Rate(batches, start)) : throw new InvalidOperationException("Rows are missing.");
    }

    private static async Task<(double Append, double Read, double Handle)> LogAsync(string folder, int batches, string[] keys, byte[] value)
    {
        using var metrics = new EventLogMetrics();
        await using var log = new EmbeddedEventLog(folder, new EventLogServices(new EventLogOptions(), metrics, TimeProvider.System, NullLogger.Instance));
        var headers = new Dictionary<string, string>();
        var events = Array.ConvertAll(keys, key => new LogEvent(key, value, headers));
        await log.AppendAsync(Topic, [new LogEvent(keys[0], value, headers)], CancellationToken.None);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < batches; i++)
        {
            await log.AppendAsync(Topic, events, CancellationToken.None);
        }

        var append = Rate(batches, start);
        return (append, await ReadAsync(log, "read", batches, commit: false), await ReadAsync(log, "handle", batches, commit: true));
    }

    private static async Task<double> ReadAsync(EmbeddedEventLog log, string group, int batches, bool commit)
    {
        await using var consumer = log.Subscribe(Topic, group);
        var rows = (await consumer.ReadAsync(1, CancellationToken.None)).Count - 1;
        GC.Collect();
        var start = Stopwatch.GetTimestamp();
        while (rows < batches * Batch)
        {
            rows += (await consumer.ReadAsync(Batch, CancellationToken.None)).Count;
            if (commit)
            {
                await consumer.CommitAsync(CancellationToken.None);
            }
        }

        return Rate(batches, start);
    }

    private static double Rate(int batches, long start) => batches * Batch / Stopwatch.GetElapsedTime(start).TotalSeconds;

    private static string Report(List<Round> rounds, int events)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Embedded event log against raw SQLite

            256-byte events in batches of {Batch}, one producer, every batch durable (WAL, `synchronous=FULL`) before the next; {rounds.Count} interleaved rounds of {events:N0} events each, {Environment.ProcessorCount} processors, .NET {Environment.Version}.
            Raw SQLite is one table on the native API without ADO.NET. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- eventlog`.

            | | raw SQLite, events/s (median) | event log, events/s (median) | ratio (median of rounds) | target |
            |---|---|---|---|---|
            | append | {Median(rounds, r => r.RawAppend):N0} | {Median(rounds, r => r.Append):N0} | {Median(rounds, r => r.Append / r.RawAppend):F2} | ≥ 0.70 |
            | read | {Median(rounds, r => r.RawRead):N0} | {Median(rounds, r => r.Read):N0} | {Median(rounds, r => r.Read / r.RawRead):F2} | ≥ 0.70 |
            | read and commit each batch | | {Median(rounds, r => r.Handle):N0} | {Median(rounds, r => r.Handle / r.RawRead):F2} | |

            """);
        return text.ToString();
    }

    private static double Median(List<Round> rounds, Func<Round, double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);

    private sealed record Round(double RawAppend, double Append, double RawRead, double Read, double Handle);
}
