using System.Globalization;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.Inference.Protocols;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>The real service on real ports, composed as its Program does.</summary>
public sealed class InferenceServer : IAsyncDisposable
{
    private readonly TempFolder _data;
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private InferenceServer(WebApplication app, TempFolder data, int http, int grpc)
    {
        (_app, _data) = (app, data);
        Http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{http}")) };
        _channel = GrpcChannel.ForAddress(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{grpc}"));
        Grpc = new GRPCInferenceService.GRPCInferenceServiceClient(_channel);
    }

    public HttpClient Http { get; }

    public GRPCInferenceService.GRPCInferenceServiceClient Grpc { get; }

    public GrpcChannel Channel => _channel;

    public IServiceProvider Services => _app.Services;

    public static async Task<InferenceServer> StartAsync(
        string registry, string? features = null, IReadOnlyDictionary<string, string>? settings = null, Action<IServiceCollection>? services = null, bool waitUntilReady = true)
    {
        var ports = FreePort.Next(2);
        var data = new TempFolder();
        var builder = WebApplication.CreateBuilder(Arguments(ports, data.Path, registry, features, settings));
        builder.AddServiceDefaults("inference", replicas: true);
        builder.Logging.ClearProviders();
        builder.AddInference();
        builder.AddProtocols();
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapProtocols();
        await app.StartAsync();
        var server = new InferenceServer(app, data, ports[0], ports[1]);
        if (waitUntilReady)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await app.Services.GetRequiredService<StartupRunner>().WaitUntilReadyAsync(deadline.Token);
        }

        return server;
    }

    public static string[] Arguments(int[] ports, string data, string registry, string? features, IReadOnlyDictionary<string, string>? settings) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"--urls=http://127.0.0.1:{ports[0]}"),
        string.Create(CultureInfo.InvariantCulture, $"--GRPC_PORT={ports[1]}"),
        "--MlSystem:DataDirectory=" + data,
        "--services:registry:http:0=" + registry,
        "--services:features:grpc:0=" + (features ?? "http://127.0.0.1:1"),
        .. (settings ?? new Dictionary<string, string>(StringComparer.Ordinal)).Select(setting => $"--{setting.Key}={setting.Value}"),
    ];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _data.Dispose();
    }
}
