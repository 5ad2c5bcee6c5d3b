using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary>The service as a real process, to be killed.</summary>
public sealed class FeatureStoreProcess : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string?> _environment;
    private readonly int _port = FreePort.Next();
    private ServerProcess? _process;

    private FeatureStoreProcess(IEnumerable<(string Key, string Value)> settings)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");
        _environment = settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value);
        _environment["ASPNETCORE_URLS"] = url;
        _environment["MlSystem__DataDirectory"] = _folder.Path;

        // The samples are of a day long ago.
        _environment.TryAdd("Features__OnlineKeepExpiredSeconds", "3155760000");
        Client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(60) };
    }

    public HttpClient Client { get; }

    public IEnumerable<string> ParquetFiles => Directory.EnumerateFiles(_folder.Path, "*.parquet", SearchOption.AllDirectories);

    public static async Task<FeatureStoreProcess> StartAsync(params (string Key, string Value)[] settings)
    {
        var store = new FeatureStoreProcess(settings);
        await store.StartAsync();
        return store;
    }

    public async Task StartAsync()
    {
        _process = ServerProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "MlSystem.FeatureStore.dll")], _environment, _folder.Path);
        await _process.WaitUntilAsync(async cancellationToken => (await Client.GetAsync("/health", cancellationToken)).IsSuccessStatusCode, TimeSpan.FromSeconds(180));
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => _process!.KillAsync();

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await Client.PostAsync(path, content);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async Task<JsonElement> PostOkAsync(string path, string json)
    {
        var (status, body) = await PostAsync(path, json);
        Assert.True(status == 200, Failed(path, status, body));
        return body;
    }

    /// <summary>Asks again until the answer is 200; an answer of another kind than 503 fails.</summary>
    public async Task<JsonElement> PostUntilAvailableAsync(string path, string json)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            var (status, body) = await PostAsync(path, json);
            if (status == 200)
            {
                return body;
            }

            Assert.True(status == 503, Failed(path, status, body));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    private string Failed(string path, int status, JsonElement body) => $"{path} answered {status}: {body}\n{string.Join('\n', _process!.Output.TakeLast(40))}";

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Client.Dispose();
        _folder.Dispose();
    }
}
