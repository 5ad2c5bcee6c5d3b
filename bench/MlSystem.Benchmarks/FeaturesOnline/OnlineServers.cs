using System.Diagnostics;
using System.Globalization;
using System.Text;
using MlSystem.Testing;

namespace MlSystem.Benchmarks.FeaturesOnline;

/// <summary>A Redis with rows in it, and who reads them: the feature store as it is delivered, the endpoint by hand, FastAPI; each in a process of its own.</summary>
internal sealed class OnlineServers : IAsyncDisposable
{
    public const int Entities = 10_000;
    public const int WideFeatures = 250;

    private readonly TempFolder _folder = new();
    private readonly List<ServerProcess> _running = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    private OnlineServers(RedisServer redis) => Redis = redis;

    public RedisServer Redis { get; }

    public Uri Store { get; private set; } = null!;

    public Uri Bare { get; private set; } = null!;

    /// <summary>Null: it is not installed.</summary>
    public Uri? FastApi { get; private set; }

    public static string Definitions { get; } = $$"""
        {
          "entities": [{ "name": "driver", "join_keys": [{ "name": "driver_id", "datatype": "INT64" }] }],
          "sources": [{ "name": "bench", "kind": "push" }],
          "feature_views": [
            { "name": "stats", "entities": ["driver"], "source": "bench", "ttl_seconds": 31536000, "features": [{{Fields(10)}}] },
            { "name": "wide", "entities": ["driver"], "source": "bench", "features": [{{Fields(WideFeatures)}}] }
          ]
        }
        """;

    public static async Task<OnlineServers> StartAsync()
    {
        var servers = new OnlineServers(await RedisServer.StartAsync());
        var ports = FreePort.Next(3);
        servers.Store = await servers.StartAsync(ports[0], "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "MlSystem.FeatureStore.dll")], ("ConnectionStrings__cache", servers.Redis.ConnectionString));
        await servers.FillAsync();
        servers.Bare = await servers.StartAsync(ports[1], "dotnet", ["exec", typeof(OnlineServers).Assembly.Location, BareEndpoint.Command, Text(ports[1]), servers.Redis.ConnectionString]);
        servers.FastApi = await servers.StartFastApiAsync(ports[2]);
        return servers;
    }

    public async Task<string> AskAsync(Uri server, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri(server, "/get-online-features"), content);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : throw new InvalidOperationException($"{server}: {await answer.Content.ReadAsStringAsync()}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running)
        {
            await process.DisposeAsync();
        }

        await Redis.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    private static string Fields(int count) => string.Join(", ", Enumerable.Range(0, count).Select(i => $$"""{ "name": "f{{i}}", "datatype": "FP32" }"""));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<Uri?> StartFastApiAsync(int port)
    {
        using var probe = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", "import fastapi, uvicorn, redis"]) { RedirectStandardError = true, UseShellExecute = false })!;
        await probe.WaitForExitAsync();
        if (probe.ExitCode != 0)
        {
            await Console.Error.WriteLineAsync("SKIPPED: FastAPI (Debian packages python3-fastapi, python3-uvicorn, python3-redis)");
            return null;
        }

        // One process a core, as the others use both.
        return await StartAsync(
            port, "/usr/bin/python3",
            ["-m", "uvicorn", "--app-dir", Path.Combine(AppContext.BaseDirectory, "FeaturesOnline"), "--port", Text(port), "--workers", "2", "--no-access-log", "--log-level", "warning", "fastapi_online:app"],
            ("REDIS_PORT", Text(Redis.Port)));
    }

    private async Task<Uri> StartAsync(int port, string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var address = new Uri($"http://127.0.0.1:{Text(port)}");
        var variables = environment.ToDictionary(pair => pair.Name, pair => (string?)pair.Value);
        variables["ASPNETCORE_URLS"] = address.ToString();
        variables["MlSystem__DataDirectory"] = _folder.Path;
        variables["Logging__LogLevel__Default"] = "Warning";
        var process = ServerProcess.Start(program, arguments, variables, _folder.Path);
        _running.Add(process);
        await process.WaitUntilAsync(async cancellationToken => (int)(await _http.GetAsync(new Uri(address, program == "dotnet" ? "/health" : "/openapi.json"), cancellationToken)).StatusCode == 200, TimeSpan.FromMinutes(3));
        return address;
    }

    private async Task FillAsync()
    {
        await PostAsync("/api/apply", Definitions);
        var random = new Random(1);
        var now = TimeProvider.System.GetUtcNow().AddMinutes(-5).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        foreach (var ids in Enumerable.Range(0, Entities).Chunk(1000))
        {
            // Only the first thousand are read wide.
            var columns = Enumerable.Range(0, WideFeatures).Select(i => $"\"f{i}\":[{string.Join(',', ids.Select(_ => random.NextSingle().ToString("R", CultureInfo.InvariantCulture)))}]");
            var df = $$"""{"driver_id":[{{string.Join(',', ids)}}],"event_timestamp":[{{string.Join(',', ids.Select(_ => $"\"{now}\""))}}],{{string.Join(',', columns)}}}""";
            await PostAsync("/write-to-online-store", $$"""{"feature_view_name":"stats","df":{{df}} }""");
            if (ids[0] == 0)
            {
                await PostAsync("/write-to-online-store", $$"""{"feature_view_name":"wide","df":{{df}} }""");
            }
        }
    }

    private async Task PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri(Store, path), content);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path}: {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
