using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MlSystem.LoadTest;

/// <summary>The standalone system with the churn sample, and the baseline server, as child processes on ports of their own.</summary>
internal sealed class SystemUnderLoad : IAsyncDisposable
{
    private const int Offset = 20000;
    private const int BaselineHttpPort = 29080;
    private const int BaselineGrpcPort = 29081;
    private readonly string _data = Directory.CreateTempSubdirectory("mlsystem-load-").FullName;
    private readonly List<Process> _processes = [];

    public static Uri BaselineHttp => Local(BaselineHttpPort);

    public static Uri BaselineGrpc => Local(BaselineGrpcPort);

    public static Uri GatewayHttp => Local(8080 + Offset);

    public static Uri GatewayGrpc => Local(8081 + Offset);

    public static Uri InferenceHttp => Local(8082 + Offset);

    public static Uri InferenceGrpc => Local(8083 + Offset);

    public async Task StartAsync()
    {
        Start(Path.Combine(AppContext.BaseDirectory, "MlSystem.LoadTest.dll"), "baseline", Text(BaselineHttpPort), Text(BaselineGrpcPort));
        Start(HostProgram(), "--data", _data, "--port-offset", Text(Offset));
        using var client = new HttpClient { BaseAddress = GatewayHttp, Timeout = TimeSpan.FromSeconds(30) };
        await UntilAsync(async () => (await client.GetAsync("/health")).IsSuccessStatusCode);
        await UntilAsync(async () => (await client.GetAsync(new Uri(BaselineHttp, "/health"))).IsSuccessStatusCode);

        JsonNode? run = null;
        await UntilAsync(async () =>
        {
            var answer = await client.PostAsync("/api/samples/churn", null);
            run = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
            return true;
        });
        await UntilAsync(async () =>
            (string?)(await client.GetFromJsonAsync<JsonNode>($"/api/runs/{run!["run_id"]}"))!["state"] == "succeeded");
        await UntilAsync(async () => (await client.GetAsync("/v2/models/churn/ready")).IsSuccessStatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_data, recursive: true);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(3);)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet; the deadline above bounds the wait.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException("The system was not ready within three minutes.");
    }

    /// <summary>Built beside this program, in the same configuration.</summary>
    private static string HostProgram()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "MlSystem.sln")))
        {
            root = root.Parent;
        }

        var project = Path.Combine(root!.FullName, "bench", "MlSystem.LoadTest");
        return Path.Combine(root.FullName, "MlSystem.AppHost", Path.GetRelativePath(project, AppContext.BaseDirectory), "MlSystem.AppHost.dll");
    }

    private void Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = _data,
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        _processes.Add(process);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Uri Local(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
}
