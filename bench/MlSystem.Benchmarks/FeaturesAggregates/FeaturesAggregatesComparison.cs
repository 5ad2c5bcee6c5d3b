using System.Globalization;
using MlSystem.Benchmarks.InProcess;

namespace MlSystem.Benchmarks.FeaturesAggregates;

/// <summary>
/// Streaming aggregates from the embedded log, whole (rows online and in Parquet, state durable), against a hand-written loop over a Dictionary on the same log,
/// in interleaved rounds; and how long after a push its aggregate can be read. <c>features-aggregates [--rounds N] [--events N] [--report file]</c>.
/// </summary>
public static class FeaturesAggregatesComparison
{
    private const int Pushes = 500;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Option(arguments, "--rounds", 5);
        var folder = Directory.CreateTempSubdirectory("features-aggregates-");
        try
        {
            var events = new AggregateEvents(Path.Combine(folder.FullName, "eventlog"), Option(arguments, "--events", 1_000_000));
            await events.AppendAsync();
            var results = new Rounds();
            await using var server = await AggregateServer.StartAsync(folder.FullName);
            for (var round = -1; round < rounds; round++)
            {
                await RoundAsync(events, server, round, round < 0 ? new Rounds() : results);
            }

            results.Add("MiB", server.PeakMiB);
            var visible = await VisibleAsync(server);
            var report = Report(events, results, rounds, visible);
            Console.Write(report);
            if (Array.IndexOf(arguments, "--report") is >= 0 and var at)
            {
                await File.WriteAllTextAsync(arguments[at + 1], report);
            }

            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RoundAsync(AggregateEvents events, AggregateServer server, int round, Rounds results)
    {
        var view = string.Create(CultureInfo.InvariantCulture, $"bench_{round + 1}");
        var store = results.Add("store", events.Count / await server.ComputeAsync(view));
        await server.DeleteAsync(view);
        var loop = results.Add("loop", await events.LoopAsync(view));
        results.Add("ratio", store / loop);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{view}: {store:N0} events/s, loop {loop:N0}"));
    }

    private static async Task<double[]> VisibleAsync(AggregateServer server)
    {
        await server.DefineLiveAsync();
        var milliseconds = new List<double>();
        for (var push = -50; push < Pushes; push++)
        {
            var took = await server.VisibleAsync(string.Create(CultureInfo.InvariantCulture, $"v{(push + 50) % 10}"), (push + 50) / 10);
            if (push >= 0)
            {
                milliseconds.Add(took);
            }
        }

        return [.. milliseconds.Order()];
    }

    private static int Option(string[] arguments, string name, int fallback) =>
        Array.IndexOf(arguments, name) is >= 0 and var at ? int.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : fallback;

    private static string Report(AggregateEvents events, Rounds r, int rounds, double[] visible) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # Streaming aggregates

        {events.Count:N0} JSON events of {AggregateEvents.Users:N0} users, 100,000 in a second of event time, from the embedded event log: count, sum, mean and max over sliding windows of 1 minute, 1 hour and 1 day. The store is a process of its own; its time goes from defining the view to the point-in-time join that has all its rows, so it has everything: reading, parsing, aggregating, rows to the online store (embedded Garnet) and to Parquet, steps written down. The loop reads the same log with the same client, parses with `JsonDocument` and adds to panes in a Dictionary: it makes no rows and keeps nothing. Medians of {rounds} interleaved rounds after one of warming up; ratios are medians of each round's own. {Environment.ProcessorCount} processors, .NET {Environment.Version}.

        | | events/s | of the loop |
        |---|---|---|
        | feature store | {r["store"]:N0} | {r["ratio"]:0.00} |
        | hand-written loop | {r["loop"]:N0} | 1 |

        Greatest resident memory of the store over {rounds + 1} computations: {r["MiB"]:N0} MiB.

        `POST /push` to the answer of `POST /get-online-features` that has it, one client, {visible.Length} pushes: p50 {visible[visible.Length / 2]:0.0} ms, p99 {visible[visible.Length * 99 / 100]:0.0} ms.

        Targets: ≥ 100,000 events/s; p99 ≤ 50 ms. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- features-aggregates --report bench/reports/features-aggregates.md`

        """);
}
