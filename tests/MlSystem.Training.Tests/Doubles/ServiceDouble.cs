using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.Testing;

namespace MlSystem.Training.Tests.Doubles;

/// <summary>
/// A strict stand-in for another service on a real port: it keeps what it is told, refuses what the real one would refuse,
/// and can be stopped and started again, delayed or made to fail.
/// </summary>
internal abstract class ServiceDouble : IAsyncDisposable
{
    private WebApplication? _app;

    protected static JsonSerializerOptions Strict { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public int Port { get; } = FreePort.Next();

    public int GrpcPort { get; } = FreePort.Next();

    public string GrpcAddress => $"http://127.0.0.1:{GrpcPort}";

    public string Address => $"http://127.0.0.1:{Port}";

    /// <summary>Every request as <c>METHOD path</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Called before a request is handled; a status other than null is answered instead.</summary>
    public Func<HttpContext, Task<int?>> Before { get; set; } = _ => Task.FromResult<int?>(null);

    public int Count(string prefix) => Requests.Count(r => r.StartsWith(prefix, StringComparison.Ordinal));

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, Port);
            kestrel.Listen(IPAddress.Loopback, GrpcPort, listen => listen.Protocols = HttpProtocols.Http2);
        });
        Configure(builder.Services);
        _app = builder.Build();
        _app.Use(async (context, next) =>
        {
            Requests.Enqueue($"{context.Request.Method} {context.Request.Path}");
            if (await Before(context) is { } status)
            {
                context.Response.StatusCode = status;
                return;
            }

            await next(context);
        });
        Map(_app);
        _app.MapFallback(() => Results.Problem("The double does not know this path.", statusCode: 501));
        await _app.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await app.StopAsync(now.Token);
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    protected abstract void Map(WebApplication app);

    protected virtual void Configure(IServiceCollection services)
    {
    }

    protected static async Task<T> ReadAsync<T>(HttpContext context) =>
        context.Request.ContentType?.StartsWith("application/json", StringComparison.Ordinal) == true
            ? (await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Strict, context.RequestAborted))!
            : throw new Microsoft.AspNetCore.Http.BadHttpRequestException("The body must be JSON.", 415);
}
