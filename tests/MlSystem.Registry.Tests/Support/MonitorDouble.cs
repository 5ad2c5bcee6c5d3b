using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MlSystem.Registry.Tests.Support;

/// <summary>Monitor as the registry asks it: how much a version answered.</summary>
public sealed class MonitorDouble : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<(string Model, int Version), List<object>> _served = new();

    private MonitorDouble(WebApplication app) => _app = app;

    /// <summary>Models of which it answers 503, or (true) never.</summary>
    public ConcurrentDictionary<string, bool> Broken { get; } = new();

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<MonitorDouble> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var monitor = new MonitorDouble(app);
        app.MapGet("/api/monitors/served", monitor.ServedAsync);
        await app.StartAsync();
        return monitor;
    }

    public void Served(string model, int version, string endpoint, long? revision, string role, long requests, long predictions, DateTimeOffset first, DateTimeOffset last) =>
        _served.GetOrAdd((model, version), _ => []).Add(new
        {
            endpoint, endpoint_revision = revision, variant = "v", role, requests, predictions, first_prediction_at = first, last_prediction_at = last,
        });

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<IResult> ServedAsync(string model, int version, CancellationToken cancellationToken)
    {
        if (Broken.TryGetValue(model, out var never))
        {
            await Task.Delay(never ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, TimeProvider.System, cancellationToken);
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        return Results.Json(new { model, version, served = _served.GetValueOrDefault((model, version), []) });
    }
}
