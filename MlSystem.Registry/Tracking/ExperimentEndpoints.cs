using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>MLflow's <c>experiments/…</c> calls.</summary>
internal static class ExperimentEndpoints
{
    public static void MapExperiments(this RouteGroupBuilder mlflow)
    {
        mlflow.MapPost("/experiments/create", CreateAsync);
        mlflow.MapGet("/experiments/get", GetAsync);
        mlflow.MapGet("/experiments/get-by-name", GetByNameAsync);
        mlflow.MapMethods("/experiments/search", ["GET", "POST"], SearchAsync);
        mlflow.MapPost("/experiments/update", UpdateAsync);
        mlflow.MapPost("/experiments/delete", DeleteAsync);
        mlflow.MapPost("/experiments/restore", RestoreAsync);
        mlflow.MapPost("/experiments/set-experiment-tag", SetTagAsync);
        mlflow.MapPost("/experiments/delete-experiment-tag", DeleteTagAsync);
        mlflow.MapPost("/experiments/search-datasets", SearchDatasetsAsync);
    }

    private static async Task<JsonHttpResult<ExperimentCreated>> CreateAsync(MlflowRequest<CreateExperiment> request, ExperimentStore experiments, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ExperimentCreated(await experiments.CreateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<ExperimentAnswer>> GetAsync(MlflowRequest<ExperimentRef> request, ExperimentStore experiments, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ExperimentAnswer(await experiments.GetAsync(request.Message.ExperimentId, cancellationToken)));

    private static async Task<JsonHttpResult<ExperimentAnswer>> GetByNameAsync(MlflowRequest<ExperimentNameRef> request, ExperimentStore experiments, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new ExperimentAnswer(await experiments.GetByNameAsync(request.Message.ExperimentName, cancellationToken)));

    private static async Task<JsonHttpResult<ExperimentsAnswer>> SearchAsync(MlflowRequest<SearchExperiments> request, ExperimentStore experiments, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await experiments.SearchAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<MlflowEmpty>> UpdateAsync(MlflowRequest<UpdateExperiment> request, ExperimentStore experiments, CancellationToken cancellationToken)
    {
        await experiments.RenameAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAsync(MlflowRequest<ExperimentRef> request, ExperimentStore experiments, CancellationToken cancellationToken)
    {
        await experiments.SetStageAsync(request.Message.ExperimentId, LifecycleStage.Deleted, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> RestoreAsync(MlflowRequest<ExperimentRef> request, ExperimentStore experiments, CancellationToken cancellationToken)
    {
        await experiments.SetStageAsync(request.Message.ExperimentId, LifecycleStage.Active, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<DatasetsAnswer>> SearchDatasetsAsync(MlflowRequest<SearchDatasets> request, InputStore inputs, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await inputs.SearchDatasetsAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteTagAsync(MlflowRequest<SetExperimentTag> request, ExperimentStore experiments, CancellationToken cancellationToken)
    {
        await experiments.DeleteTagAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> SetTagAsync(MlflowRequest<SetExperimentTag> request, ExperimentStore experiments, CancellationToken cancellationToken)
    {
        await experiments.SetTagAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }
}
