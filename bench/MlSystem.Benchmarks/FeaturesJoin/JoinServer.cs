using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace MlSystem.Benchmarks.FeaturesJoin;

/// <summary>The feature store as it is delivered, in a process of its own, on the generated files.</summary>
internal sealed class JoinServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private JoinServer(Process process, Uri address)
    {
        _process = process;
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
    }

    /// <summary>Greatest resident memory so far, in MiB.</summary>
    public double PeakMiB => PeakMemory.OfMiB(_process.Id);

    public static async Task<JoinServer> StartAsync(JoinData data)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        listener.Stop();
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "MlSystem.FeatureStore.dll")]) { UseShellExecute = false, WorkingDirectory = data.Folder };
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["MlSystem__DataDirectory"] = Path.Combine(data.Folder, "server");
        start.Environment["Features__OfflineDirectory"] = data.OfflineFolder;
        start.Environment["Features__FileSourceDirectory"] = data.SourceFolder;
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        var server = new JoinServer(Process.Start(start)!, address);
        await server.WaitAsync();
        await server.SendAsync("/api/apply", Definitions, null);
        return server;
    }

    /// <summary>One historical read from Parquet to Parquet; the answer goes to a file.</summary>
    public async Task<double> JoinAsync(string resultFile)
    {
        var started = Stopwatch.GetTimestamp();
        await SendAsync("/api/historical-features", """{"feature_service":"bench","label_source":{"file":"labels.parquet"}}""", resultFile);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Definitions => $$"""
        {
          "entities": [{ "name": "customer", "join_keys": [{ "name": "customer_id", "datatype": "INT64" }] }],
          "feature_views": [{
            "name": "{{JoinData.View}}", "entities": ["customer"], "ttl_seconds": 604800, "online": false,
            "features": [{{string.Join(", ", JoinData.FeatureNames.Select(name => $$"""{ "name": "{{name}}", "datatype": "FP32" }"""))}}]
          }],
          "feature_services": [{ "name": "bench", "features": [{ "view": "{{JoinData.View}}" }] }]
        }
        """;

    private async Task SendAsync(string path, string json, string? resultFile)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (resultFile is not null)
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.apache.parquet"));
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }

        if (resultFile is not null)
        {
            await using var file = File.Create(resultFile);
            await response.Content.CopyToAsync(file);
        }
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

/// <summary>What the kernel counts.</summary>
internal static class PeakMemory
{
    /// <summary>Greatest resident memory of a living process, in MiB.</summary>
    public static double OfMiB(int process)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status")).First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
