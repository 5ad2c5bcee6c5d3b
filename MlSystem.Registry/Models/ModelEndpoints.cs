using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Models;

/// <summary>MLflow's <c>registered-models/…</c> and <c>model-versions/…</c> calls.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this RouteGroupBuilder mlflow)
    {
        mlflow.MapPost("/registered-models/create", CreateAsync);
        mlflow.MapGet("/registered-models/get", GetAsync);
        mlflow.MapMethods("/registered-models/update", ["PATCH", "POST"], UpdateAsync);
        mlflow.MapMethods("/registered-models/search", ["GET", "POST"], SearchAsync);
        mlflow.MapPost("/registered-models/set-tag", SetTagAsync);
        mlflow.MapDelete("/registered-models/delete-tag", DeleteTagAsync);
        mlflow.MapPost("/registered-models/alias", SetAliasAsync);
        mlflow.MapGet("/registered-models/alias", GetAliasAsync);
        mlflow.MapDelete("/registered-models/alias", DeleteAliasAsync);
        mlflow.MapPost("/registered-models/rename", RenameAsync);
        mlflow.MapDelete("/registered-models/delete", DeleteAsync);
        mlflow.MapMethods("/registered-models/get-latest-versions", ["GET", "POST"], LatestAsync);
        mlflow.MapPost("/model-versions/create", CreateVersionAsync);
        mlflow.MapDelete("/model-versions/delete", DeleteVersionAsync);
        mlflow.MapPost("/model-versions/transition-stage", TransitionAsync);
        mlflow.MapGet("/model-versions/get", GetVersionAsync);
        mlflow.MapMethods("/model-versions/update", ["PATCH", "POST"], UpdateVersionAsync);
        mlflow.MapMethods("/model-versions/search", ["GET", "POST"], SearchVersionsAsync);
        mlflow.MapGet("/model-versions/get-download-uri", DownloadUriAsync);
        mlflow.MapPost("/model-versions/set-tag", SetVersionTagAsync);
        mlflow.MapDelete("/model-versions/delete-tag", DeleteVersionTagAsync);
    }

    private static async Task<JsonHttpResult<ModelAnswer>> CreateAsync(MlflowRequest<CreateModel> request, Caller caller, ModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ModelAnswer(await models.CreateAsync(request.Message, caller, cancellationToken)));

    private static async Task<JsonHttpResult<ModelAnswer>> GetAsync(MlflowRequest<ModelRef> request, ModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ModelAnswer(await models.GetAsync(request.Message.Name, cancellationToken)));

    private static async Task<JsonHttpResult<ModelAnswer>> UpdateAsync(MlflowRequest<UpdateModel> request, ModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ModelAnswer(await models.UpdateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<ModelsAnswer>> SearchAsync(MlflowRequest<SearchModels> request, ModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await models.SearchAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<ModelAnswer>> RenameAsync(MlflowRequest<RenameModel> request, Caller caller, ModelRemoval removal, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ModelAnswer(await removal.RenameAsync(request.Message, caller, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAsync(MlflowRequest<ModelRef> request, Caller caller, ModelRemoval removal, CancellationToken cancellationToken)
    {
        await removal.DeleteModelAsync(request.Message, caller, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<VersionsAnswer>> LatestAsync(MlflowRequest<LatestVersions> request, VersionStore versions, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await versions.LatestAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteVersionAsync(MlflowRequest<VersionRef> request, Caller caller, ModelRemoval removal, CancellationToken cancellationToken)
    {
        await removal.DeleteVersionAsync(request.Message, caller, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<VersionAnswer>> TransitionAsync(MlflowRequest<TransitionStage> request, Caller caller, StageStore stages, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new VersionAnswer(await stages.MoveAsync(request.Message, caller, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> SetTagAsync(MlflowRequest<SetModelTag> request, Caller caller, ModelStore models, CancellationToken cancellationToken)
    {
        await models.SetTagAsync(request.Message, caller, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteTagAsync(MlflowRequest<SetModelTag> request, Caller caller, ModelStore models, CancellationToken cancellationToken)
    {
        await models.DeleteTagAsync(request.Message, caller, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> SetAliasAsync(MlflowRequest<SetAlias> request, Caller caller, AliasStore aliases, CancellationToken cancellationToken)
    {
        await aliases.SetAsync(request.Message, caller, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<VersionAnswer>> GetAliasAsync(MlflowRequest<ModelRef> request, AliasStore aliases, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new VersionAnswer(await aliases.GetAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAliasAsync(MlflowRequest<ModelRef> request, Caller caller, AliasStore aliases, CancellationToken cancellationToken)
    {
        await aliases.DeleteAsync(request.Message, caller, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<VersionAnswer>> CreateVersionAsync(MlflowRequest<CreateVersion> request, Caller caller, VersionStore versions, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new VersionAnswer(await versions.CreateAsync(request.Message, caller, cancellationToken)));

    private static async Task<JsonHttpResult<VersionAnswer>> GetVersionAsync(MlflowRequest<VersionRef> request, VersionStore versions, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new VersionAnswer(await versions.GetAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<VersionAnswer>> UpdateVersionAsync(MlflowRequest<UpdateVersion> request, VersionStore versions, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new VersionAnswer(await versions.UpdateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<VersionsAnswer>> SearchVersionsAsync(MlflowRequest<SearchModels> request, VersionStore versions, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await versions.SearchAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<DownloadUri>> DownloadUriAsync(MlflowRequest<VersionRef> request, VersionStore versions, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new DownloadUri(await versions.DownloadUriAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> SetVersionTagAsync(MlflowRequest<SetVersionTag> request, VersionStore versions, CancellationToken cancellationToken)
    {
        await versions.SetTagAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteVersionTagAsync(MlflowRequest<SetVersionTag> request, VersionStore versions, CancellationToken cancellationToken)
    {
        await versions.DeleteTagAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }
}
