using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using MlSystem.Contracts;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.LoadTest.Servers;

/// <summary>The part of the registry that inference reads at start: one endpoint and one version for each model. It is idle while the load runs.</summary>
internal sealed class RegistryStub : IAsyncDisposable
{
    /// <summary>Ending of the endpoints that run every request for itself.</summary>
    public const string Unbatched = "-unbatched";

    private const string ETag = "\"1\"";
    private static readonly IReadOnlyList<Endpoint> Endpoints =
        [.. LoadedModel.All.SelectMany(model => new[] { Endpoint(model.Name, model.Name, BatchingMode.Dynamic), Endpoint(model.Name + Unbatched, model.Name, BatchingMode.Off) })];

    private readonly WebApplication _app;

    private RegistryStub(WebApplication app) => _app = app;

    public static async Task<RegistryStub> StartAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder([string.Create(CultureInfo.InvariantCulture, $"--urls=http://127.0.0.1:{port}")]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/api/endpoints", (RequestDelegate)EndpointsAsync);
        app.MapGet("/api/models/{model}/versions/{version:int}", (string model) => Results.Text(Describe(LoadedModel.Of(model)), "application/json"));
        app.MapGet("/api/models/{model}/versions/{version:int}/files/{**path}", (string model, string path) => Results.Bytes(LoadedModel.Of(model).Files[path]));
        await app.StartAsync();
        return new RegistryStub(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task EndpointsAsync(HttpContext context)
    {
        if (context.Request.Headers.IfNoneMatch == ETag)
        {
            var wait = int.Parse(context.Request.Query["wait"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
            await Task.Delay(TimeSpan.FromSeconds(wait), TimeProvider.System, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.Headers.ETag = ETag;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($"{{\"endpoints\":{JsonSerializer.Serialize(Endpoints, ContractsJson.Default.IReadOnlyListEndpoint)}}}", context.RequestAborted);
    }

    private static Endpoint Endpoint(string name, string model, string batching) => new()
    {
        Name = name,
        Revision = 1,
        Variants = [new EndpointVariant { Name = "champion", Model = model, Version = 1 }],
        Batching = new EndpointBatching { Mode = batching },
        Author = "bench",
        Reason = "bench",
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private static string Describe(LoadedModel model)
    {
        var manifest = new ModelManifest
        {
            Files = [.. model.Files.Select(file => new ManifestFile { Path = file.Key, Sha256 = Convert.ToHexStringLower(SHA256.HashData(file.Value)), SizeBytes = file.Value.Length })],
        };
        return $"{{\"model\":\"{model.Name}\",\"version\":1,\"status\":\"servable\",\"manifest\":{JsonSerializer.Serialize(manifest, ContractsJson.Default.ModelManifest)},\"created_at\":\"2026-01-01T00:00:00Z\",\"created_by\":\"bench\",\"aliases\":[]}}";
    }
}
