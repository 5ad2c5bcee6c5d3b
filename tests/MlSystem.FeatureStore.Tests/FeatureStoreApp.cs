using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests;

/// <summary>The whole service in this process, on real embedded stores (or the servers it is given), with a clock of its own.</summary>
public sealed class FeatureStoreApp : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();
    private readonly WebApplicationFactory<Program> _factory;

    private FeatureStoreApp(IReadOnlyDictionary<string, string?> settings)
    {
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            builder.UseSetting("MlSystem:DataDirectory", _folder.Path);
            builder.UseSetting("Logging:LogLevel:Default", "Warning");
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }

            builder.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(Time));
        });
        Client = _factory.CreateClient();
    }

    public FakeTimeProvider Time { get; } = new(Start);

    public HttpClient Client { get; }

    public IServiceProvider Services => _factory.Services;

    public HttpMessageHandler Handler => _factory.Server.CreateHandler();

    public string DataFolder => _folder.Path;

    public static async Task<FeatureStoreApp> StartAsync(params (string Key, string? Value)[] settings)
    {
        var app = new FeatureStoreApp(settings.ToDictionary(setting => setting.Key, setting => setting.Value));
        await app.WaitUntilReadyAsync();
        return app;
    }

    public async Task WaitUntilReadyAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        while (!(await Client.GetAsync("/health", deadline.Token)).IsSuccessStatusCode)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string json, string type = "application/json")
    {
        using var content = new StringContent(json, System.Text.Encoding.UTF8, type);
        using var response = await Client.PostAsync(path, content);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async Task<JsonElement> PostOkAsync(string path, string json, string type = "application/json")
    {
        var (status, body) = await PostAsync(path, json, type);
        Assert.True(status == 200, $"{path} answered {status}: {body}");
        return body;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
        _folder.Dispose();
    }
}
