using System.Globalization;
using Microsoft.Extensions.Options;
using MlSystem.BenchModels;
using MlSystem.Contracts;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Benchmarks.InProcess;

/// <summary>
/// What the engine adds to a run and what batching gives, without any protocol: calls through a version's queue against a loop over reused
/// values, two callers against one, and 64 callers with batching against the same without, in interleaved rounds.
/// <c>inprocess [--rounds N] [--report file]</c>.
/// </summary>
public static class InProcessComparison
{
    private const int Chunks = 200;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Array.IndexOf(arguments, "--rounds") is >= 0 and var found ? int.Parse(arguments[found + 1], CultureInfo.InvariantCulture) : 7;
        var folder = Directory.CreateTempSubdirectory("inprocess");
        var runtime = Options.Create(new RuntimeOptions());
        using var threads = new ComputeThreads(runtime);
        using var host = new EngineHost(threads, Options.Create(new BatchingOptions()), runtime, TimeProvider.System);
        using var lr = await BenchEngine.LoadAsync(DenseModels.Lr(), host, folder.FullName);
        using var mlp = await BenchEngine.LoadAsync(DenseModels.Mlp(), host, folder.FullName);
        var results = new Rounds();

        // The first two rounds warm up.
        for (var round = -2; round < rounds; round++)
        {
            await RoundAsync(lr, mlp, round < 0 ? new Rounds() : results);
        }

        folder.Delete(recursive: true);
        var report = Report(results, rounds);
        Console.Write(report);
        if (Array.IndexOf(arguments, "--report") is >= 0 and var at)
        {
            await File.WriteAllTextAsync(arguments[at + 1], report);
        }

        return 0;
    }

    private static async Task RoundAsync(BenchEngine lr, BenchEngine mlp, Rounds results)
    {
        var queue = lr.Queue(BatchingMode.Dynamic);
        foreach (var rows in (int[])[1, 32])
        {
            var loop = results.Add($"loop {rows}", await ReusedValues.MicrosecondsAsync(lr, rows, Chunks));
            var engine = results.Add($"engine {rows}", await lr.MicrosecondsAsync(queue, rows, Chunks));
            results.Add($"share {rows}", loop / engine);
        }

        var one = results.Add("one", await lr.RateAsync(queue, 1, 200_000, yields: false));
        results.Add("two over one", results.Add("two", await lr.RateAsync(queue, 2, 200_000, yields: false)) / one);
        foreach (var callers in (int[])[1, 64])
        {
            var off = results.Add($"off {callers}", await mlp.RateAsync(mlp.Queue(BatchingMode.Off), callers, 20_000, yields: true));
            var on = results.Add($"on {callers}", await mlp.RateAsync(mlp.Queue(BatchingMode.Dynamic), callers, 20_000, yields: true));
            results.Add($"on over off {callers}", on / off);
        }
    }

    private static string Report(Rounds r, int rounds) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # The engine in process

        Calls through a version's queue, as requests go once they are read, without protocol, log and metrics export. Medians of {rounds} interleaved rounds after two of warming up; ratios are medians of each round's own ratio. {Environment.ProcessorCount} processors.

        | measured | baseline | engine | ratio |
        |---|---|---|---|
        | `lr`, one row, time of a call | {r["loop 1"]:0.00} µs, loop over reused values | {r["engine 1"]:0.00} µs | {r["share 1"]:0.00} of the loop's rate |
        | `lr`, 32 rows, time of a call | {r["loop 32"]:0.00} µs, loop over reused values | {r["engine 32"]:0.00} µs | {r["share 32"]:0.00} of the loop's rate |
        | `lr`, two callers, calls a second | {r["one"]:0}, one caller | {r["two"]:0} | {r["two over one"]:0.00} |
        | `mlp`, one caller, calls a second | {r["off 1"]:0}, batching off | {r["on 1"]:0} | {r["on over off 1"]:0.00} |
        | `mlp`, 64 callers, calls a second | {r["off 64"]:0}, batching off | {r["on 64"]:0} | {r["on over off 64"]:0.00} |

        """);
}
