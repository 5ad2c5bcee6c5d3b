using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MlSystem.Contracts;
using MlSystem.Testing;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>The part of the registry that inference reads, over real HTTP: endpoints with ETag and long poll, versions, files.</summary>
public sealed class RegistryDouble : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Model, int Version), (ModelFolder Folder, ModelManifest Manifest)> _versions = [];
    private readonly Dictionary<string, Endpoint> _endpoints = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _downloads = new(StringComparer.Ordinal);
    private int _state;
    private WebApplication? _app;

    public int Port { get; } = FreePort.Next();

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}");

    public void AddVersion(string model, int version, ModelFolder folder)
    {
        lock (_lock)
        {
            _versions[(model, version)] = (folder, folder.Manifest);
        }
    }

    /// <summary>Changes a file behind the manifest's back.</summary>
    public void Corrupt(string model, int version, string file)
    {
        lock (_lock)
        {
            _versions[(model, version)].Folder.Files[file] = [.. _versions[(model, version)].Folder.Files[file], 0];
        }
    }

    /// <summary>How often a model's file was downloaded.</summary>
    public int Downloads(string model) => _downloads.GetValueOrDefault(model);

    /// <summary>Sets what the shorter forms have no argument for.</summary>
    public void SetEndpoint(string name, int version, Func<Endpoint, Endpoint> change)
    {
        lock (_lock)
        {
            SetEndpoint(name, version);
            _endpoints[name] = change(_endpoints[name]);
        }
    }

    /// <summary>Adds many endpoints at once, each a model's version 1.</summary>
    public void AddEndpoints(IEnumerable<string> names)
    {
        lock (_lock)
        {
            foreach (var name in names)
            {
                SetEndpoint(name, 1);
            }
        }
    }

    public void SetEndpoint(string name, int version, EndpointLimits? limits = null) =>
        SetEndpoint(name, [new EndpointVariant { Name = "champion", Model = name, Version = version }], limits: limits);

    public void SetEndpoint(string name, IReadOnlyList<EndpointVariant> variants, EndpointPolicy? policy = null, EndpointLimits? limits = null, EndpointLogging? logging = null)
    {
        lock (_lock)
        {
            _state++;
            _endpoints[name] = new Endpoint
            {
                Name = name,
                Revision = (_endpoints.GetValueOrDefault(name)?.Revision ?? 0) + 1,
                Variants = variants,
                Policy = policy ?? new EndpointPolicy(),
                Limits = limits ?? new EndpointLimits(),
                Logging = logging ?? new EndpointLogging(),
                Author = "test",
                Reason = "test",
                CreatedAt = DateTimeOffset.UnixEpoch,
            };
            var changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }
    }

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateBuilder(["--urls=" + Url]);
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapGet("/api/endpoints", GetEndpointsAsync);
        _app.MapGet("/api/models/{model}/versions/{version:int}", GetVersion);
        _app.MapGet("/api/models/{model}/versions/{version:int}/files/{**path}", GetFile);
        _app.MapGet("/api/models/{model}/versions", GetVersions);
        await _app.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_app is not null)
        {
            using var now = new CancellationTokenSource(TimeSpan.Zero);
            await _app.StopAsync(now.Token);
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task<IResult> GetEndpointsAsync(HttpContext context, int? wait)
    {
        Task changed;
        lock (_lock)
        {
            if (context.Request.Headers.IfNoneMatch != ETag())
            {
                return Endpoints(context);
            }

            changed = _changed.Task;
        }

        await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(wait ?? 0), TimeProvider.System, context.RequestAborted));
        lock (_lock)
        {
            return context.Request.Headers.IfNoneMatch != ETag() ? Endpoints(context) : Results.StatusCode(StatusCodes.Status304NotModified);
        }
    }

    private string ETag() => string.Create(CultureInfo.InvariantCulture, $"\"{_state}\"");

    private IResult Endpoints(HttpContext context)
    {
        context.Response.Headers.ETag = ETag();
        var list = JsonSerializer.Serialize([.. _endpoints.Values], ContractsJson.Default.IReadOnlyListEndpoint);
        return Results.Text($"{{\"endpoints\":{list}}}", "application/json");
    }

    private IResult GetVersion(string model, int version)
    {
        lock (_lock)
        {
            return _versions.TryGetValue((model, version), out var found) ? Results.Text(Describe(model, version, found.Manifest), "application/json") : Results.NotFound();
        }
    }

    private IResult GetVersions(string model)
    {
        lock (_lock)
        {
            var all = _versions.Where(pair => pair.Key.Model == model).Select(pair => Describe(model, pair.Key.Version, pair.Value.Manifest));
            return Results.Text($"{{\"versions\":[{string.Join(',', all)}]}}", "application/json");
        }
    }

    private IResult GetFile(string model, int version, string path)
    {
        _downloads.AddOrUpdate(model, path == ModelFiles.Onnx ? 1 : 0, (_, count) => count + (path == ModelFiles.Onnx ? 1 : 0));
        lock (_lock)
        {
            return Results.Bytes(_versions[(model, version)].Folder.Files[path]);
        }
    }

    private static string Describe(string model, int version, ModelManifest manifest) =>
        $"{{\"model\":\"{model}\",\"version\":{version},\"status\":\"servable\",\"manifest\":{JsonSerializer.Serialize(manifest, ContractsJson.Default.ModelManifest)},\"created_at\":\"2026-01-01T00:00:00Z\",\"created_by\":\"test\",\"aliases\":[]}}";
}
