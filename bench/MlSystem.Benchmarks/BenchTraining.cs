using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.ServiceDefaults;
using MlSystem.Testing;
using MlSystem.Training;

namespace MlSystem.Benchmarks;

/// <summary>The training service in this process, on embedded stores.</summary>
internal sealed class BenchTraining : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly WebApplication _app;

    private BenchTraining(WebApplication app, TempFolder folder, Uri address)
    {
        (_app, _folder) = (app, folder);
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public string Folder => _folder.Path;

    /// <param name="registry">Address of a registry; null: none is asked.</param>
    public static async Task<BenchTraining> StartAsync(Uri? registry = null, params (string Key, string Value)[] settings)
    {
        var folder = new TempFolder();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        var address = $"http://127.0.0.1:{FreePort.Next()}";
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = address,
            ["MlSystem:DataDirectory"] = folder.Path,
            ["services:features:http:0"] = address,
            ["services:features:grpc:0"] = address,
            ["services:registry:http:0"] = registry?.ToString() ?? address,
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.AddServiceDefaults("training");
        builder.AddTraining();
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapTraining();
        await app.StartAsync();
        var training = new BenchTraining(app, folder, new Uri(address));
        await Eventually.TrueAsync(async () => (await training.Http.GetAsync(new Uri("/health", UriKind.Relative))).IsSuccessStatusCode, TimeSpan.FromSeconds(60), "ready");
        return training;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
