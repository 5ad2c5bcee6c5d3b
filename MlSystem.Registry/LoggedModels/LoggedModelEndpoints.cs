using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.LoggedModels;

/// <summary>MLflow 3's <c>logged-models/…</c> calls.</summary>
internal static class LoggedModelEndpoints
{
    public static void MapLoggedModels(this RouteGroupBuilder mlflow)
    {
        mlflow.MapPost("/logged-models", CreateAsync);
        mlflow.MapPost("/logged-models/search", SearchAsync);
        mlflow.MapGet("/logged-models/{model_id}", GetAsync);
        mlflow.MapPatch("/logged-models/{model_id}", FinalizeAsync);
        mlflow.MapDelete("/logged-models/{model_id}", DeleteAsync);
        mlflow.MapPatch("/logged-models/{model_id}/tags", SetTagsAsync);
        mlflow.MapDelete("/logged-models/{model_id}/tags/{**tag_key}", DeleteTagAsync);
        mlflow.MapPost("/logged-models/{model_id}/params", LogParamsAsync);
        mlflow.MapGet("/logged-models/{model_id}/artifacts/directories", ListArtifactsAsync);
    }

    private static async Task<JsonHttpResult<LoggedModelAnswer>> CreateAsync(MlflowRequest<CreateLoggedModel> request, LoggedModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new LoggedModelAnswer(await models.CreateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<LoggedModelsAnswer>> SearchAsync(MlflowRequest<SearchLoggedModels> request, LoggedModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await models.SearchAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<LoggedModelAnswer>> GetAsync(MlflowRequest<LoggedModelRef> request, LoggedModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new LoggedModelAnswer(await models.GetAsync(request.Message.ModelId, cancellationToken)));

    private static async Task<JsonHttpResult<LoggedModelAnswer>> FinalizeAsync(MlflowRequest<FinalizeLoggedModel> request, LoggedModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new LoggedModelAnswer(await models.FinalizeAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAsync(MlflowRequest<LoggedModelRef> request, LoggedModelStore models, CancellationToken cancellationToken)
    {
        await models.DeleteAsync(request.Message.ModelId, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<LoggedModelAnswer>> SetTagsAsync(MlflowRequest<SetLoggedModelTags> request, LoggedModelStore models, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new LoggedModelAnswer(await models.SetTagsAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteTagAsync(MlflowRequest<DeleteLoggedModelTag> request, LoggedModelStore models, CancellationToken cancellationToken)
    {
        await models.DeleteTagAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> LogParamsAsync(MlflowRequest<LogLoggedModelParams> request, LoggedModelStore models, CancellationToken cancellationToken)
    {
        await models.LogParamsAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<ArtifactsAnswer>> ListArtifactsAsync(
        MlflowRequest<ListLoggedModelArtifacts> request, LoggedModelStore models, ArtifactTree tree, CancellationToken cancellationToken)
    {
        var path = ArtifactPath.Checked(request.Message.ArtifactDirectoryPath, allowRoot: true);
        var model = await models.GetAsync(request.Message.ModelId, cancellationToken);
        return MlflowResults.Ok(await ArtifactEndpoints.BelowAsync(tree, model.Info.ArtifactUri, path, cancellationToken));
    }
}
