using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.Benchmarks.InProcess;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.Benchmarks.FeaturesJoin;

/// <summary>
/// The point-in-time join of the feature store from Parquet to Parquet against DuckDB's own ASOF JOIN on the same files and pandas' merge_asof, in interleaved
/// rounds. <c>features-join [--rounds N] [--scale S] [--report file]</c>; a scale of 1 is 10M rows and 1M labels.
/// </summary>
public static class FeaturesJoinComparison
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = (int)Option(arguments, "--rounds", 5);
        var folder = Directory.CreateTempSubdirectory("features-join-");
        try
        {
            var data = new JoinData(folder.FullName, Option(arguments, "--scale", 1));
            await data.WriteAsync();
            var missing = await JoinBaselines.PandasMissingAsync();
            Console.WriteLine(missing is null ? "pandas takes part" : $"pandas is skipped: {missing}");
            var results = new Rounds();
            await using (var server = await JoinServer.StartAsync(data))
            {
                for (var round = -1; round < rounds; round++)
                {
                    await RoundAsync(data, server, missing is null, round < 0 ? new Rounds() : results);
                }

                results.Add("store MiB", server.PeakMiB);
            }

            var report = Report(data, results, rounds, missing, await DifferencesAsync(data));
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

    private static string StoreResult(JoinData data) => Path.Combine(data.Folder, "store.parquet");

    private static string DuckDbResult(JoinData data) => Path.Combine(data.Folder, "duckdb.parquet");

    private static async Task RoundAsync(JoinData data, JoinServer server, bool pandas, Rounds results)
    {
        var store = results.Add("store", await server.JoinAsync(StoreResult(data)));
        var (duckDb, duckDbMiB) = await JoinBaselines.DuckDbAsync(data, DuckDbResult(data));
        results.Add("duckdb", duckDb);
        results.Add("duckdb MiB", duckDbMiB);
        results.Add("duckdb ratio", duckDb / store);
        if (pandas)
        {
            var (seconds, pandasMiB) = await JoinBaselines.PandasAsync(data);
            results.Add("pandas", seconds);
            results.Add("pandas MiB", pandasMiB);
            results.Add("pandas ratio", seconds / store);
        }
    }

    /// <summary>Rows in which the store and DuckDB differ: the TTL is longer than any gap, so there should be none but those before an entity's first row.</summary>
    private static async Task<long> DifferencesAsync(JoinData data)
    {
        await using var connection = await DuckDb.OpenAsync(data.Folder, 2048, CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM (SELECT * FROM '{StoreResult(data)}' EXCEPT ALL SELECT * FROM '{DuckDbResult(data)}')";
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static double Option(string[] arguments, string name, double fallback) =>
        Array.IndexOf(arguments, name) is >= 0 and var at ? double.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : fallback;

    private static string Report(JoinData data, Rounds r, int rounds, string? missing, long differences)
    {
        var pandas = missing is null
            ? string.Create(CultureInfo.InvariantCulture, $"| pandas `merge_asof` with the sorting it needs, from and to files of bare columns instead of Parquet | {r["pandas"]:0.00} | {r["pandas ratio"]:0.0} × | {r["pandas MiB"]:0} |")
            : $"| pandas `merge_asof` | skipped: {missing} | | |";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # Point-in-time join

            {data.Labels:N0} label rows with {data.Rows:N0} feature rows of {data.Entities:N0} entities and {JoinData.Features} FP32 features, in 50 daily partitions as a compaction leaves them; TTL of 7 days. From Parquet to Parquet: the store is a process of its own and is asked over HTTP (`label_source` a file, the answer received into a file); DuckDB runs its own `ASOF JOIN` over the same files, without TTL and without the tie-break by created time. Medians of {rounds} interleaved rounds after one of warming up, ratios are medians of each round's own. {Environment.ProcessorCount} processors, .NET {Environment.Version}. Rows in which the store's result differs from DuckDB's: {differences}.

            | | seconds | time ÷ the store's | peak memory, MiB |
            |---|---|---|---|
            | feature store, `POST /api/historical-features` | {r["store"]:0.00} | 1 | {r["store MiB"]:0} |
            | DuckDB `ASOF JOIN` | {r["duckdb"]:0.00} | {r["duckdb ratio"]:0.00} × | {r["duckdb MiB"]:0} |
            {pandas}

            Targets: ≥ 0.8 of DuckDB, ≥ 2.5 × pandas, peak ≤ 1024 MiB. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- features-join --report bench/reports/features-join.md`

            """);
    }
}
