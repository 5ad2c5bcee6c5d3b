using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Testing;

namespace MlSystem.Monitor.Tests;

/// <summary>A real Monitor process on a data directory of its own, and the event log that it shares with the test.</summary>
internal sealed class MonitorProcess : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly IHost _host;
    private readonly Dictionary<string, string?> _environment;
    private readonly int _port = FreePort.Next();
    private ServerProcess? _process;

    private MonitorProcess(string? database)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["MlSystem:DataDirectory"] = _folder.Path });
        builder.Services.AddSingleton(new DataDirectory(builder.Configuration, "test"));
        builder.AddEventLog();
        _host = builder.Build();
        _environment = new Dictionary<string, string?>
        {
            ["MlSystem__DataDirectory"] = _folder.Path,
            ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"),
            ["ConnectionStrings__database"] = database,
            ["MlSystem__Monitor__History__FlushIntervalSeconds"] = "1",
        };
        Client = new HttpClient { BaseAddress = new Uri(_environment["ASPNETCORE_URLS"]!) };
    }

    public IEventLog Log => _host.Services.GetRequiredService<IEventLog>();

    public HttpClient Client { get; }

    public string DataDirectory => _folder.Path;


    /// <summary>Finished Parquet files of the history on disk.</summary>
    public int ParquetFiles()
    {
        var history = Path.Combine(_folder.Path, "monitor", "history");
        return Directory.Exists(history) ? Directory.EnumerateFiles(history, "part-*.parquet", SearchOption.AllDirectories).Count() : 0;
    }

    public static async Task<MonitorProcess> StartAsync(string? database = null, int? flushIntervalSeconds = null)
    {
        var monitor = new MonitorProcess(database);
        if (flushIntervalSeconds is { } seconds)
        {
            monitor._environment["MlSystem__Monitor__History__FlushIntervalSeconds"] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        await monitor.StartProcessAsync();
        return monitor;
    }

    public async Task StartProcessAsync()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(Golden.RepositoryRoot(), "MlSystem.Monitor", "bin", output.Parent!.Name, output.Name, "MlSystem.Monitor.dll");
        _process = ServerProcess.Start("dotnet", [program], _environment, _folder.Path);
        await _process.WaitUntilAsync(async token => (await Client.GetAsync("/health", token)).IsSuccessStatusCode, TimeSpan.FromSeconds(40));
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => _process!.KillAsync();

    /// <summary>Waits until Monitor has handled and committed everything that is in the log now.</summary>
    public async Task CaughtUpAsync()
    {
        foreach (var topic in new[] { Topics.Predictions, Topics.Feedback })
        {
            var ends = await Log.GetPositionsAsync(topic, "monitor", CancellationToken.None);
            await EventuallyAsync(async () =>
                (await Log.GetPositionsAsync(topic, "monitor", CancellationToken.None)).Zip(ends).All(pair => pair.First.Committed >= pair.Second.End));
        }
    }

    public Task EventuallyAsync(Func<Task<bool>> condition) => _process!.WaitUntilAsync(_ => condition(), TimeSpan.FromSeconds(30));

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.GetAsync(path);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{path}: {response.StatusCode} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Client.Dispose();
        await ((IAsyncDisposable)_host).DisposeAsync();
        _folder.Dispose();
    }
}
