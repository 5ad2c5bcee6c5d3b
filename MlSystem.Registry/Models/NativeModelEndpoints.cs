using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Serving;

namespace MlSystem.Registry.Models;

/// <summary>The native API of models, versions and their files.</summary>
internal static class NativeModelEndpoints
{
    public static void MapNativeModels(this RouteGroupBuilder root)
    {
        var api = root.MapGroup("").WithTags("models").ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/models", ListAsync).Produces<ModelList>().WithSummary("All registered models, by name.");
        api.MapGet("/models/{model}", GetAsync).Produces<ModelView>().WithSummary("One registered model.");
        api.MapGet("/models/{model}/versions", VersionsAsync).Produces<VersionList>().WithSummary("The versions of a model with manifest, signature and lineage, newest first.");
        api.MapGet("/models/{model}/versions/{version:int}", VersionAsync).Produces<VersionView>().WithSummary("One version: whether it is servable and, if not, why.");
        api.MapGet("/models/{model}/versions/{version:int}/files/{**path}", FileAsync).Produces(StatusCodes.Status200OK, contentType: "application/octet-stream").WithSummary("One file of a version; the entity tag is its SHA-256.");
    }

    private static async Task<JsonHttpResult<ModelList>> ListAsync(NativeModelReader reader, CancellationToken cancellationToken) =>
        TypedResults.Json(new ModelList(await reader.ModelsAsync(name: null, cancellationToken)), ModelViewJson.Default.ModelList);

    private static async Task<JsonHttpResult<ModelView>> GetAsync(string model, NativeModelReader reader, CancellationToken cancellationToken) =>
        await reader.ModelsAsync(model, cancellationToken) is [var found]
            ? TypedResults.Json(found, ModelViewJson.Default.ModelView)
            : throw Refused.NotFound($"There is no model '{model}'.");

    private static async Task<JsonHttpResult<VersionList>> VersionsAsync(string model, NativeModelReader reader, CancellationToken cancellationToken) =>
        TypedResults.Json(
            new VersionList(await reader.VersionsAsync(model, version: null, cancellationToken) ?? throw Refused.NotFound($"There is no model '{model}'.")),
            ModelViewJson.Default.VersionList);

    private static async Task<JsonHttpResult<VersionView>> VersionAsync(string model, int version, NativeModelReader reader, CancellationToken cancellationToken) =>
        await reader.VersionsAsync(model, version, cancellationToken) switch
        {
            null => throw Refused.NotFound($"There is no model '{model}'."),
            [var found] => TypedResults.Json(found, ModelViewJson.Default.VersionView),
            _ => throw Refused.NotFound($"Model '{model}' has no version {version}."),
        };

    private static async Task<IResult> FileAsync(
        string model, int version, string path, HttpContext context, NativeModelReader reader, BlobStore blobs, CancellationToken cancellationToken) =>
        blobs.Answer(context, await reader.FileAsync(model, version, path, cancellationToken) ?? throw Refused.NotFound($"Version {version} of model '{model}' has no file '{path}'."), $"{path} of version {version} of model {model}");
}
