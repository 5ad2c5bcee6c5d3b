using System.Diagnostics;
using System.Globalization;
using System.Text;
using MlSystem.Benchmarks.FeaturesJoin;
using MlSystem.Benchmarks.InProcess;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;
using MlSystem.Testing;
using StackExchange.Redis;

namespace MlSystem.Benchmarks.FeaturesMaterialize;

/// <summary>
/// Materialization of rows of ten FP32 features from Parquet into a real Redis, against hand-written pipelined SETs of values of the same size, which read nothing and compare
/// nothing. <c>features-materialize [--rounds N] [--scale S] [--report file]</c>; a scale of 1 is 10M rows, once of 10k entities, once of 10M.
/// </summary>
public static class FeaturesMaterializeComparison
{
    private const int Days = 50;
    private const long DayUs = 86_400_000_000;
    private const int ValueBytes = 62;
    private static readonly long StartUs = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;
    private static readonly string[] Views = ["few", "distinct"];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var (rounds, rows) = ((int)Option(arguments, "--rounds", 3), (long)(10_000_000 * Option(arguments, "--scale", 1)));
        var folder = Directory.CreateTempSubdirectory("features-materialize-");
        try
        {
            await WriteAsync(folder.FullName, "few", rows, rows / 1000);
            await WriteAsync(folder.FullName, "distinct", rows, rows);
            var results = new Rounds();
            for (var round = 0; round < rounds; round++)
            {
                await RoundAsync(folder.FullName, rows, results);
            }

            var report = Report(results, rounds, rows);
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

    /// <summary>Each round has a server and a store of its own: nothing is online before.</summary>
    private static async Task RoundAsync(string folder, long rows, Rounds results)
    {
        await using var redis = await RedisServer.StartAsync();
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Next()}");
        var data = Directory.CreateTempSubdirectory("features-materialize-data-");
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = url,
            ["ConnectionStrings__cache"] = redis.ConnectionString,
            ["MlSystem__DataDirectory"] = data.FullName,
            ["Features__OfflineDirectory"] = Path.Combine(folder, "offline"),
            ["Features__OfflineCompactSeconds"] = "3600",
        };
        using var http = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(30) };
        await using (var store = ServerProcess.Start("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "MlSystem.FeatureStore.dll")], environment))
        {
            await store.WaitUntilAsync(async cancellationToken => (await http.GetAsync("/health", cancellationToken)).IsSuccessStatusCode, TimeSpan.FromMinutes(3));
            await PostAsync(http, "/api/apply", Definitions);
            foreach (var view in Views)
            {
                results.Add(view, rows / await TimedAsync(() => PostAsync(http, "/materialize", $$"""{"start_ts":"2025-01-01T00:00:00Z","end_ts":"2027-01-01T00:00:00Z","feature_views":["{{view}}"]}""")));
            }

            results.Add("peak MiB", PeakMemory.OfMiB(store.Id));
        }

        results.Add("sets", rows / await TimedAsync(() => SetAsync(redis.ConnectionString, rows)));
        results.Add("ratio", results.Last("distinct") / results.Last("sets"));
        data.Delete(recursive: true);
    }

    /// <summary>As fast as the client sends: a thousand commands on their way at a time.</summary>
    private static async Task SetAsync(string address, long count)
    {
        using var connection = await ConnectionMultiplexer.ConnectAsync(address);
        var (database, value) = (connection.GetDatabase(), new byte[ValueBytes]);
        var waiting = new Queue<Task>();
        for (long i = 0; i < count; i++)
        {
            waiting.Enqueue(database.StringSetAsync("fs:bare:" + i.ToString(CultureInfo.InvariantCulture), value));
            if (waiting.Count == 1000)
            {
                await waiting.Dequeue();
            }
        }

        await Task.WhenAll(waiting);
    }

    private static async Task WriteAsync(string folder, string view, long rows, long entities)
    {
        await using var connection = await DuckDb.OpenAsync(folder, 1024, CancellationToken.None);
        for (var day = 0; day < Days; day++)
        {
            var date = new DateOnly(2026, 1, 1).AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var partition = Directory.CreateDirectory(Path.Combine(folder, "offline", view, "date=" + date)).FullName;
            var features = string.Join(", ", JoinData.FeatureNames.Select(name => $"random()::FLOAT AS {name}"));
            var perDay = rows / Days;
            var sql = string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT ((r + {day * perDay}) % {entities})::BIGINT AS customer_id, {features}, {StartUs + (day * DayUs)} + r AS __event_us, {StartUs + (day * DayUs)} + r AS __created_us, {StartUs} AS __logged_us, false AS __online, true AS __offline FROM range({perDay}) t(r)");
            await CompactedFile.WriteAsync(connection, ["customer_id"], sql, keepUnmaterialized: false, Path.Combine(partition, "bench.parquet"), CancellationToken.None);
        }
    }

    private static string Definitions => $$"""
        {
          "entities": [{ "name": "customer", "join_keys": [{ "name": "customer_id", "datatype": "INT64" }] }],
          "feature_views": [{{string.Join(", ", Views.Select(view => $$"""
            { "name": "{{view}}", "entities": ["customer"], "features": [{{string.Join(", ", JoinData.FeatureNames.Select(name => $$"""{ "name": "{{name}}", "datatype": "FP32" }"""))}}] }
            """))}}]
        }
        """;

    private static async Task<double> TimedAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task PostAsync(HttpClient http, string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(path, content);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    private static double Option(string[] arguments, string name, double fallback) =>
        Array.IndexOf(arguments, name) is >= 0 and var at ? double.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : fallback;

    private static string Report(Rounds r, int rounds, long rows) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # Materialization

        {rows:N0} offline rows of 10 FP32 features in {Days} daily partitions into a real Redis on the same machine, by `POST /materialize` of the store as it is delivered; medians of {rounds} rounds, each with a new server and store. The baseline sends `SET`s of {ValueBytes} bytes, a thousand on their way at a time, from the same client library: it reads nothing and overwrites whatever is there. {Environment.ProcessorCount} processors, .NET {Environment.Version}.

        | | rows/s |
        |---|---|
        | {rows / 1000:N0} entities, a thousand rows each | {r["few"]:N0} |
        | {rows:N0} entities, one row each | {r["distinct"]:N0} |
        | hand-written `SET`s of as many values | {r["sets"]:N0} |

        One row each, of the hand-written `SET`s: {r["ratio"]:0.00}. Peak memory of the store: {r["peak MiB"]:0} MiB. Target: ≥ 300,000 rows/s. Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- features-materialize --report bench/reports/features-materialize.md`

        """);
}
