using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Routing;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.EventLog.Embedded;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Benchmarks.PredictionLog;

/// <summary>
/// What logging and ingesting a prediction costs: batches against one event a request, in interleaved rounds on embedded stores.
/// Requests come at a fixed pace; the processor time of the whole process is counted, less that of the same pace without a log.
/// </summary>
internal static class PredictionLogComparison
{
    private const int PerSecond = 30_000;

    /// <param name="args"><c>[rounds] [seconds a round] [report file]</c>; default 5 rounds of 5 seconds, printed only.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        await RoundAsync(1);
        var results = new List<Round>();
        for (var i = 0; i < rounds; i++)
        {
            results.Add(await RoundAsync(seconds));
        }

        var report = Report(results, seconds);
        Console.Write(report);
        if (args.Length > 2)
        {
            await File.WriteAllTextAsync(args[2], report);
        }

        return 0;
    }

    private static async Task<Round> RoundAsync(int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("mlsystem-bench-");
        try
        {
            using var metrics = new EventLogMetrics();
            await using var single = Log(folder.CreateSubdirectory("single"), metrics);
            await using var batches = Log(folder.CreateSubdirectory("batches"), metrics);
            var pace = await MicrosecondsAsync(seconds, () => PaceAsync(seconds, _ => ValueTask.CompletedTask));
            var before = await MicrosecondsAsync(seconds, () => WriteSinglyAsync(seconds, single)) - pace;
            var now = await MicrosecondsAsync(seconds, () => WriteBatchesAsync(seconds, batches, folder.FullName)) - pace;
            long requests = seconds * PerSecond;
            using var monitorBefore = new MonitorIngestion(folder.CreateSubdirectory("monitor-before").FullName);
            using var monitorNow = new MonitorIngestion(folder.CreateSubdirectory("monitor-now").FullName);
            return new Round(
                before, now,
                await MicrosecondsAsync(seconds, () => monitorBefore.IngestSinglyAsync(single, requests)), await MicrosecondsAsync(seconds, () => monitorNow.IngestAsync(batches, requests)),
                await MicrosecondsAsync(seconds, monitorBefore.FlushAsync), await MicrosecondsAsync(seconds, monitorNow.FlushAsync));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static EmbeddedEventLog Log(DirectoryInfo folder, EventLogMetrics metrics) =>
        new(folder.FullName, new EventLogServices(new EventLogOptions(), metrics, TimeProvider.System, NullLogger.Instance));

    private static async Task WriteSinglyAsync(int seconds, EmbeddedEventLog log)
    {
        using var writer = new SingleEventLog(log);
        await PaceAsync(seconds, writer.LogAsync);
        await writer.StopAsync();
    }

    private static async Task WriteBatchesAsync(int seconds, EmbeddedEventLog log, string folder)
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["MlSystem:DataDirectory"] = folder }).Build();
        using var data = new DataDirectory(configuration, "bench");
        using var logger = new PredictionLogger(
            log, new HashKey(configuration, data), new RandomSource(1), Options.Create(new PredictionLogOptions()), services.GetRequiredService<IMeterFactory>(), TimeProvider.System, NullLogger<PredictionLogger>.Instance);
        await logger.StartAsync(CancellationToken.None);
        await PaceAsync(seconds, call =>
        {
            logger.Log(in call);
            return ValueTask.CompletedTask;
        });
        await logger.StopAsync(CancellationToken.None);
    }

    /// <summary>Makes requests in small groups, a hundred groups a second; behind the pace it goes on without a pause.</summary>
    private static async Task PaceAsync(int seconds, Func<AnsweredCall, ValueTask> log)
    {
        var calls = new BenchCalls();
        var start = Stopwatch.GetTimestamp();
        for (var group = 1; group <= seconds * 100; group++)
        {
            for (var i = 0; i < PerSecond / 100; i++)
            {
                await log(calls.Next(TimeProvider.System.GetUtcNow()));
            }

            var ahead = TimeSpan.FromMilliseconds(group * 10) - Stopwatch.GetElapsedTime(start);
            if (ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead, TimeProvider.System);
            }
        }
    }

    /// <summary>Processor time of one request, in microseconds.</summary>
    private static async Task<double> MicrosecondsAsync(int seconds, Func<Task> work)
    {
        GC.Collect();
        var before = Environment.CpuUsage.TotalTime;
        await work();
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / ((double)seconds * PerSecond);
    }

    private static string Report(List<Round> rounds, int seconds) => string.Create(CultureInfo.InvariantCulture, $"""
        # Prediction log: batches against one event a request

        Requests of 20 floats with two outputs at {PerSecond:N0} a second, {rounds.Count} interleaved rounds of {seconds} s, embedded event log and SQLite, {Environment.ProcessorCount} processors, .NET {Environment.Version}. Processor time of the process, medians; the writer's is less that of the same pace without a log, and includes the durable append. The former writer and the former ingestion (an EF Core entity and a staged row a request) are kept in the benchmark. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- predictionlog`.

        | µs a request | one event a request | batches | ratio (median of rounds) |
        |---|---|---|---|
        | Inference: write | {Median(rounds, r => r.WriteBefore):F2} | {Median(rounds, r => r.WriteNow):F2} | {Median(rounds, r => r.WriteBefore / r.WriteNow):F1} |
        | Monitor: join and stage | {Median(rounds, r => r.IngestBefore):F2} | {Median(rounds, r => r.IngestNow):F2} | {Median(rounds, r => r.IngestBefore / r.IngestNow):F1} |
        | Monitor: to Parquet | {Median(rounds, r => r.FlushBefore):F2} | {Median(rounds, r => r.FlushNow):F2} | {Median(rounds, r => r.FlushBefore / r.FlushNow):F1} |

        | | one event a request | batches | target |
        |---|---|---|---|
        | share of one core that the writer takes at {PerSecond:N0} requests/s | {Share(rounds, r => r.WriteBefore):F0} % | {Share(rounds, r => r.WriteNow):F1} % | < 10 % |
        | requests/s that Monitor ingests on one core, Parquet included | {Rate(rounds, r => r.IngestBefore + r.FlushBefore):N0} | {Rate(rounds, r => r.IngestNow + r.FlushNow):N0} | ≥ 20,000 |

        """);

    private static double Share(List<Round> rounds, Func<Round, double> microseconds) => Median(rounds, microseconds) * PerSecond / 1e6 * 100;

    private static double Rate(List<Round> rounds, Func<Round, double> microseconds) => 1e6 / Median(rounds, microseconds);

    private static double Median(List<Round> rounds, Func<Round, double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);

    /// <summary>Microseconds of processor time a request.</summary>
    private sealed record Round(double WriteBefore, double WriteNow, double IngestBefore, double IngestNow, double FlushBefore, double FlushNow);
}
