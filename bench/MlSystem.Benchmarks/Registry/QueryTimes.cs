using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace MlSystem.Benchmarks.Registry;

/// <summary>Measures a question and its statements by turns, so that a noisy machine hits both.</summary>
internal static class QueryTimes
{
    public const string Head = """
        | | p50 | p99 | raw SQL p50 | raw SQL p99 | p50 ratio | registry CPU | PostgreSQL CPU | target p99 |
        |---|---|---|---|---|---|---|---|---|

        """;

    private const int Turn = 20;

    /// <summary>Until the runtime has compiled the way of a request for good: instrumented first, then optimized, on a thread that waits while new code appears.</summary>
    private const int WarmUp = 400;
    private const double MaxWarmUpSeconds = 6;

    /// <summary>The row of the report. <paramref name="seconds"/> bounds a question that takes long.</summary>
    public static async Task<string> RowAsync(RegistryQuery query, BenchRegistry registry, int count, double seconds)
    {
        await using var connection = new NpgsqlConnection(registry.ConnectionString + ";Max Auto Prepare=20;Auto Prepare Min Usages=2");
        await connection.OpenAsync();
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < WarmUp && Stopwatch.GetElapsedTime(begin).TotalSeconds < MaxWarmUpSeconds; i++)
        {
            await query.AskAsync(registry.Http, i);
            await query.ReadAsync(connection, i);
        }

        var (api, raw) = (new List<double>(count), new List<double>(count));
        var (own, server) = (0.0, 0.0);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; i += Turn)
        {
            var before = registry.Cpu();
            api.AddRange(await TimesAsync(i, n => query.AskAsync(registry.Http, n)));
            var after = registry.Cpu();
            (own, server) = (own + after.Registry - before.Registry, server + after.Postgres - before.Postgres);
            raw.AddRange(await TimesAsync(i, n => query.ReadAsync(connection, n)));
        }

        var (p50, p99) = (Percentile(api, 0.5), Percentile(api, 0.99));
        var (raw50, raw99) = (Percentile(raw, 0.5), Percentile(raw, 0.99));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {query.Name} | {p50:F2} | {p99:F2} | {raw50:F2} | {raw99:F2} | {p50 / raw50:F1} | {own / api.Count:F1} | {server / api.Count:F1} | ≤ {query.TargetMs} {(p99 <= query.TargetMs ? "met" : "missed")} |");
    }

    private static async Task<List<double>> TimesAsync(int first, Func<int, Task> ask)
    {
        var times = new List<double>(Turn);
        for (var i = first; i < first + Turn; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await ask(i);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times;
    }

    private static double Percentile(List<double> values, double share) => values.Order().ElementAt((int)((values.Count - 1) * share));
}
