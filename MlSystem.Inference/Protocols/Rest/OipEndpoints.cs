using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Inference.Feedback;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Repository;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>The Open Inference Protocol v2 over HTTP.</summary>
public static class OipEndpoints
{
    private const string Model = "/models/{model}";
    private const string Version = "/models/{model}/versions/{version}";
    private const int MaxControlBytes = 1 << 20;

    public static WebApplication MapOip(this WebApplication app)
    {
        var infer = app.Services.GetRequiredService<InferEndpoint>();
        var v2 = app.MapGroup("/v2").AddEndpointFilter(OipErrors.FilterAsync);
        app.MapGet("/v2", Server);
        v2.MapGet("/health/live", Live);
        v2.MapGet("/health/ready", Ready);
        foreach (var path in (string[])[Model, Version])
        {
            v2.MapGet(path, MetadataAsync);
            v2.MapGet(path + "/ready", ModelReady);
            v2.MapGet(path + "/stats", Statistics);
            v2.MapPost(path + "/infer", (RequestDelegate)infer.HandleAsync);
        }

        v2.MapGet("/models/stats", AllStatistics);
        v2.MapPost("/repository/index", IndexAsync);
        v2.MapPost("/repository/models/{model}/load", LoadAsync);
        v2.MapPost("/repository/models/{model}/unload", UnloadAsync);
        v2.MapPost(Model + "/feedback", FeedbackEndpoint.HandleAsync);
        v2.MapGet(Model + "/policy", PolicyEndpoint.Handle);
        return app;
    }

    private static JsonHttpResult<OipServer> Server() => Json(
        new OipServer(
            ModelRepository.ServerName,
            Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
            ModelRepository.Extensions),
        OipJson.Default.OipServer);

    private static JsonHttpResult<OipHealth> Live() => Json(new OipHealth(Live: true), OipJson.Default.OipHealth);

    private static JsonHttpResult<OipHealth> Ready(ModelRepository models) =>
        Json(new OipHealth(Ready: models.IsReady), OipJson.Default.OipHealth, models.IsReady);

    private static async Task<JsonHttpResult<ModelDescription>> MetadataAsync(string model, string? version, ModelRepository models, CancellationToken cancellationToken) =>
        Json(await models.DescribeAsync(model, version, cancellationToken), OipJson.Default.ModelDescription);

    private static JsonHttpResult<OipModelReady> ModelReady(string model, string? version, ModelRepository models)
    {
        var ready = models.IsModelReady(model, version);
        return Json(new OipModelReady(model, ready), OipJson.Default.OipModelReady, ready);
    }

    private static JsonHttpResult<OipStatistics> Statistics(string model, string? version, ModelRepository models) =>
        Json(new OipStatistics(models.Statistics(model, version)), OipJson.Default.OipStatistics);

    private static JsonHttpResult<OipStatistics> AllStatistics(ModelRepository models) =>
        Json(new OipStatistics(models.Statistics(null, null)), OipJson.Default.OipStatistics);

    private static async Task<JsonHttpResult<IReadOnlyList<IndexEntry>>> IndexAsync(HttpRequest request, ModelRepository models, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, OipJson.Default.OipIndexRequest, cancellationToken);
        return Json(models.Index(body?.Ready ?? false), OipJson.Default.IReadOnlyListIndexEntry);
    }

    private static async Task<Ok> LoadAsync(string model, HttpRequest request, ModelRepository models, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, OipJson.Default.OipLoadRequest, cancellationToken);
        RefuseParameters(body, []);
        await models.LoadAsync(model, cancellationToken);
        return TypedResults.Ok();
    }

    private static async Task<Ok> UnloadAsync(string model, HttpRequest request, ModelRepository models, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request, OipJson.Default.OipLoadRequest, cancellationToken);
        RefuseParameters(body, ["unload_dependents"]);
        await models.UnloadAsync(model, cancellationToken);
        return TypedResults.Ok();
    }

    private static void RefuseParameters(OipLoadRequest? request, string[] allowed)
    {
        if (request?.Parameters?.Keys.FirstOrDefault(name => !allowed.Contains(name)) is { } name)
        {
            throw InferenceException.Invalid($"the parameter '{name}' is not supported: models and their settings come from the registry");
        }
    }

    /// <summary>An optional JSON body.</summary>
    private static async Task<T?> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var body = await RequestBody.ReadAsync(request, MaxControlBytes, cancellationToken);
        if (body.Content.IsEmpty)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(body.Content.Span, type);
        }
        catch (JsonException error)
        {
            throw new InferenceException(FaultKind.InvalidArgument, JsonFault.Describe(error), error);
        }
    }

    private static JsonHttpResult<T> Json<T>(T value, JsonTypeInfo<T> type, bool ready = true) =>
        TypedResults.Json(value, type, "application/json", ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
