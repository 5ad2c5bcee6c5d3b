using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MlSystem.Benchmarks.FeaturesAggregates;

/// <summary>The feature store as it is delivered, in a process of its own, on the log with the events.</summary>
internal sealed class AggregateServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private AggregateServer(Process process, Uri address)
    {
        _process = process;
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
    }

    /// <summary>Greatest resident memory so far, in MiB.</summary>
    public double PeakMiB => FeaturesJoin.PeakMemory.OfMiB(_process.Id);

    public static async Task<AggregateServer> StartAsync(string dataFolder)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        listener.Stop();
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "MlSystem.FeatureStore.dll")]) { UseShellExecute = false, WorkingDirectory = dataFolder };
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["MlSystem__DataDirectory"] = dataFolder;
        start.Environment["Features__OfflineBarrierSeconds"] = "600";
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        var server = new AggregateServer(Process.Start(start)!, address);
        await server.WaitAsync();
        return server;
    }

    /// <summary>Defines a view and waits until all events are in its aggregates, its rows online and in Parquet.</summary>
    /// <returns>Seconds.</returns>
    public async Task<double> ComputeAsync(string view)
    {
        var started = Stopwatch.GetTimestamp();
        await PostAsync("/api/apply", Definitions(view));
        await PostAsync("/api/historical-features", $$$"""{"features":["{{{view}}}:count_1m"],"entity_df":{"user_id":["u1"],"event_timestamp":["2026-06-01T00:00:00Z"]}}""");
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public Task DeleteAsync(string view) => PostAsync("/api/apply", $$$"""{"delete":{"stream_feature_views":["{{{view}}}"]}}""");

    /// <summary>Pushes a row and reads until its aggregate shows it.</summary>
    /// <param name="already">Rows of the user so far.</param>
    /// <returns>Milliseconds from sending the push to the answer that has it.</returns>
    public async Task<double> VisibleAsync(string user, int already)
    {
        var started = Stopwatch.GetTimestamp();
        var now = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        await PostAsync("/push", $$$"""{"push_source_name":"pushed","to":"offline","df":{"user_id":["{{{user}}}"],"event_timestamp":["{{{now}}}"],"amount":[1.5]}}""");
        var expected = string.Create(CultureInfo.InvariantCulture, $"[{already + 1}]");
        while (!(await PostAsync("/get-online-features", $$$"""{"features":["live:count_1h"],"entities":{"user_id":["{{{user}}}"]}}""")).Contains(expected, StringComparison.Ordinal))
        {
        }

        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    public Task DefineLiveAsync() => PostAsync("/api/apply", """
        {
          "entities": [{ "name": "user", "join_keys": [{ "name": "user_id", "datatype": "BYTES" }] }],
          "sources": [
            { "name": "pushed", "kind": "push" },
            { "name": "pushed_rows", "kind": "topic", "topic": "mlsystem.features", "filter": "view == 'pushes'", "columns": [
              { "name": "view", "datatype": "BYTES", "field": "feature_view" }, { "name": "user_id", "datatype": "BYTES", "field": "entity.user_id" },
              { "name": "at", "datatype": "TIMESTAMP", "field": "event_time" }, { "name": "amount", "datatype": "FP64", "field": "values.amount" }] }],
          "feature_views": [{ "name": "pushes", "entities": ["user"], "source": "pushed", "online": false, "features": [{ "name": "amount", "datatype": "FP64" }] }],
          "stream_feature_views": [{ "name": "live", "entities": ["user"], "source": "pushed_rows", "event_timestamp_column": "at", "aggregations": [
            { "function": "count", "windows": [{ "size_seconds": 60 }, { "size_seconds": 3600 }, { "size_seconds": 86400 }] }, { "column": "amount", "function": "sum", "windows": [{ "size_seconds": 3600 }] }] }]
        }
        """);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Definitions(string view)
    {
        const string Windows = """[{ "size_seconds": 60 }, { "size_seconds": 3600 }, { "size_seconds": 86400 }]""";
        var aggregations = string.Join(", ", ((string[])["sum", "mean", "max"]).Select(function => $$"""{ "column": "amount", "function": "{{function}}", "windows": {{Windows}} }"""));
        return $$"""
            {
              "entities": [{ "name": "user", "join_keys": [{ "name": "user_id", "datatype": "BYTES" }] }],
              "sources": [{ "name": "bench_clicks", "kind": "topic", "topic": "{{AggregateEvents.Topic}}", "columns": [
                { "name": "user_id", "datatype": "BYTES" }, { "name": "at", "datatype": "TIMESTAMP", "unit": "microseconds" }, { "name": "amount", "datatype": "FP64" }] }],
              "stream_feature_views": [{ "name": "{{view}}", "entities": ["user"], "source": "bench_clicks", "event_timestamp_column": "at",
                "aggregations": [{ "function": "count", "windows": {{Windows}} }, {{aggregations}}] }]
            }
            """;
    }

    private async Task<string> PostAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(path, content);
        var answer = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? answer : throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {answer}");
    }

    private async Task WaitAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            try
            {
                if ((await _http.GetAsync("/health", deadline.Token)).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!deadline.IsCancellationRequested)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }
    }
}
