using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using MlSystem.Testing;

namespace MlSystem.Gateway.Tests;

/// <summary>A stand-in for a service behind the gateway: answers what the test says, over HTTP/1.1 and cleartext HTTP/2.</summary>
internal sealed class StubService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubService(string name, WebApplication app, int http, int grpc)
    {
        Name = name;
        _app = app;
        Http = Local(http);
        Grpc = Local(grpc);
    }

    public string Name { get; }

    public Uri Http { get; }

    public Uri Grpc { get; }

    /// <summary>Without endpoints of its own it tells who was asked for what, and how.</summary>
    public static async Task<StubService> StartAsync(string name, Action<WebApplication>? map = null)
    {
        var ports = FreePort.Next(2);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, ports[0]);
            kestrel.Listen(IPAddress.Loopback, ports[1], listen => listen.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        map?.Invoke(app);
        app.MapFallback("{**path}", (HttpRequest request) => $"{name} {request.Protocol} {request.Method} {request.Path}{request.QueryString}");
        await app.StartAsync();
        return new StubService(name, app, ports[0], ports[1]);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static Uri Local(int port) => new($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
}
