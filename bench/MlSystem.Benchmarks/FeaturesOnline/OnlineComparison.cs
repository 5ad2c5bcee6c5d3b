using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MlSystem.Benchmarks.InProcess;

namespace MlSystem.Benchmarks.FeaturesOnline;

/// <summary>Online reads: in process, and over HTTP against an endpoint by hand and FastAPI, in interleaved rounds.</summary>
internal static partial class OnlineComparison
{
    private const int Connections = 16;
    private static readonly int[] Sizes = [1, 100];

    public static async Task<int> RunAsync(string[] args)
    {
        var (rounds, seconds, report) = (Number(args, "--rounds", 3), Number(args, "--seconds", 2), Value(args, "--report"));
        await using var servers = await OnlineServers.StartAsync();
        var targets = Targets(servers);
        await CheckAsync(servers, targets);
        await using var reads = InProcessReads.Open(servers.Redis.ConnectionString);
        await reads.RunAsync(TimeSpan.FromSeconds(1));
        foreach (var (_, url, size) in targets)
        {
            await LoadAsync(url, size, 1);
        }

        var found = new Rounds();
        for (var round = 1; round <= rounds; round++)
        {
            Add(found, "in process", await reads.RunAsync(TimeSpan.FromSeconds(seconds)));
            Add(found, "HMGET", await InProcessReads.HashesAsync(servers.Redis.ConnectionString, TimeSpan.FromSeconds(0.5)));
            foreach (var (name, url, size) in targets)
            {
                var (rate, p50, p99) = await LoadAsync(url, size, seconds);
                found.Add($"{name} {size} rate", rate);
                found.Add($"{name} {size} p50", p50);
                found.Add($"{name} {size} p99", p99);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}  {name}, {size}: {rate:N0}/s, p50 {p50:N3} ms, p99 {p99:N3} ms"));
            }
        }

        var text = Report(found, servers, rounds, seconds);
        Console.WriteLine(text);
        if (report is not null)
        {
            await File.WriteAllTextAsync(report, text);
        }

        return 0;
    }

    private static List<(string Name, Uri Url, int Size)> Targets(OnlineServers servers)
    {
        var targets = new List<(string, Uri, int)>();
        foreach (var size in Sizes)
        {
            targets.Add(("store", servers.Store, size));
            targets.Add(("bare", servers.Bare, size));
            if (servers.FastApi is { } fastApi)
            {
                targets.Add(("fastapi", fastApi, size));
            }
        }

        return targets;
    }

    /// <summary>All give the same answer, but for how they print a float.</summary>
    private static async Task CheckAsync(OnlineServers servers, List<(string Name, Uri Url, int Size)> targets)
    {
        foreach (var (name, url, size) in targets)
        {
            using var wanted = JsonDocument.Parse(await servers.AskAsync(servers.Bare, Body(size)));
            using var given = JsonDocument.Parse(await servers.AskAsync(url, Body(size)));
            if (Canonical(given.RootElement) != Canonical(wanted.RootElement))
            {
                throw new InvalidOperationException($"{name} answers {given.RootElement}, by hand it is {wanted.RootElement}");
            }
        }
    }

    private static string Canonical(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Number => json.GetSingle().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.Array => $"[{string.Join(',', json.EnumerateArray().Select(Canonical))}]",
        JsonValueKind.Object => $"{{{string.Join(',', json.EnumerateObject().Select(member => $"{member.Name}:{Canonical(member.Value)}"))}}}",
        _ => json.ToString(),
    };

    private static string Body(int size)
    {
        var ids = Enumerable.Range(0, size).Select(i => (i * 97 % OnlineServers.Entities).ToString(CultureInfo.InvariantCulture));
        return $$"""{"features":[{{string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"stats:f{i}\""))}}],"entities":{"driver_id":[{{string.Join(',', ids)}}] } }""";
    }

    private static void Add(Rounds found, string name, double[] times)
    {
        Array.Sort(times);
        found.Add(name + " p50", times[times.Length / 2]);
        found.Add(name + " p99", times[times.Length * 99 / 100]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {times.Length} reads, p50 {times[times.Length / 2]:N3} ms, p99 {times[times.Length * 99 / 100]:N3} ms"));
    }

    private static async Task<(double Rate, double P50, double P99)> LoadAsync(Uri server, int size, int seconds)
    {
        var body = Path.GetTempFileName();
        await File.WriteAllTextAsync(body, Body(size));
        var start = new ProcessStartInfo("wrk", ["-t1", $"-c{Connections}", $"-d{seconds}s", "--latency", "-s", Path.Combine(AppContext.BaseDirectory, "FeaturesOnline", "infer.lua"), new Uri(server, "/get-online-features").ToString()])
        {
            RedirectStandardOutput = true, UseShellExecute = false,
        };
        start.Environment["LOAD_BODY"] = body;
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        File.Delete(body);
        return wrk.ExitCode == 0 && !output.Contains("Non-2xx", StringComparison.Ordinal)
            ? (double.Parse(Rate().Match(output).Groups["value"].Value, CultureInfo.InvariantCulture), Milliseconds(output, "50%"), Milliseconds(output, "99%"))
            : throw new InvalidOperationException($"{server} did not answer every request:\n{output}");
    }

    private static double Milliseconds(string output, string percentile)
    {
        var match = Latency().Matches(output).First(line => line.Groups["percentile"].Value == percentile);
        return double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture) * (match.Groups["unit"].Value switch { "us" => 1e-3, "ms" => 1, _ => 1e3 });
    }

    private static string Report(Rounds found, OnlineServers servers, int rounds, int seconds)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Online reads

            A real Redis on the same machine; the store, the endpoint by hand and FastAPI are processes of their own. Medians of {rounds} interleaved rounds of {seconds} s after warming up. {Environment.ProcessorCount} processors, .NET {Environment.Version}, shared with the load generator and Redis.

            ## In process: 100 entities × 250 floats, one view
            | | p50, ms | p99, ms | target |
            |---|---|---|---|
            | the store's reader, one packed value an entity, every value taken out | {found["in process p50"]:F3} | {found["in process p99"]:F3} | p50 ≤ 0.5, p99 ≤ 1.5 |
            | one hash an entity, `HMGET` of 250 fields, pipelined | {found["HMGET p50"]:F3} | {found["HMGET p99"]:F3} | |

            ## `POST /get-online-features`, 10 features, {Connections} connections (wrk)
            By hand: Kestrel, `Utf8JsonReader`, one `MGET` by StackExchange.Redis, `Utf8JsonWriter`; no definitions, checks or errors. FastAPI: `uvicorn` with 2 workers (uvloop and httptools where installed), redis-py (asyncio), the same `MGET`, `struct`.

            | entities | | requests/s | p50, ms | p99, ms | store ÷ this | target |
            |---|---|---|---|---|---|---|

            """);
        foreach (var size in Sizes)
        {
            foreach (var (name, shown, target) in new[] { ("store", "feature store", ""), ("bare", "by hand", "≥ 0.8"), ("fastapi", "FastAPI + redis-py", "≥ 5") })
            {
                if (name == "fastapi" && servers.FastApi is null)
                {
                    text.Append(CultureInfo.InvariantCulture, $"| {size} | {shown} | not installed | | | | {target} |\n");
                    continue;
                }

                var rate = found[$"{name} {size} rate"];
                text.Append(CultureInfo.InvariantCulture, $"| {size} | {shown} | {rate:F0} | {found[$"{name} {size} p50"]:F3} | {found[$"{name} {size} p99"]:F3} | {found[$"store {size} rate"] / rate:F2} | {target} |\n");
            }
        }

        return text.Append("\nRun: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- features-online --report bench/reports/features-online.md` (needs redis-server and wrk; Debian packages python3-fastapi, python3-uvicorn, python3-redis)\n").ToString();
    }

    private static int Number(string[] args, string name, int fallback) => Value(args, name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

    private static string? Value(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

    [GeneratedRegex(@"Requests/sec:\s+(?<value>[\d.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate();

    [GeneratedRegex(@"(?<percentile>\d+%)\s+(?<value>[\d.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Latency();
}
