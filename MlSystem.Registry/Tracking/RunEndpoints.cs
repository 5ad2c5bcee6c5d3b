using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>MLflow's <c>runs/…</c> and <c>metrics/…</c> calls.</summary>
internal static class RunEndpoints
{
    public static void MapRuns(this RouteGroupBuilder mlflow)
    {
        mlflow.MapPost("/runs/create", CreateAsync);
        mlflow.MapGet("/runs/get", GetAsync);
        mlflow.MapPost("/runs/update", UpdateAsync);
        mlflow.MapPost("/runs/delete", DeleteAsync);
        mlflow.MapPost("/runs/restore", RestoreAsync);
        mlflow.MapPost("/runs/search", SearchAsync);
        mlflow.MapPost("/runs/log-metric", LogMetricAsync);
        mlflow.MapPost("/runs/log-parameter", LogParameterAsync);
        mlflow.MapPost("/runs/log-batch", LogBatchAsync);
        mlflow.MapPost("/runs/log-model", LogModelAsync);
        mlflow.MapPost("/runs/set-tag", SetTagAsync);
        mlflow.MapPost("/runs/delete-tag", DeleteTagAsync);
        mlflow.MapPost("/runs/log-inputs", LogInputsAsync);
        mlflow.MapPost("/runs/outputs", LogOutputsAsync);
        mlflow.MapGet("/metrics/get-history", HistoryAsync);
        mlflow.MapGet("/metrics/get-history-bulk", HistoryOfRunsAsync);
        mlflow.MapGet("/metrics/get-history-bulk-interval", BulkHistoryAsync);
    }

    private static async Task<JsonHttpResult<RunAnswer>> CreateAsync(MlflowRequest<CreateRun> request, Caller caller, RunStore runs, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new RunAnswer(await runs.CreateAsync(request.Message, caller.Name, cancellationToken)));

    private static async Task<JsonHttpResult<MetricsAnswer>> HistoryOfRunsAsync(MlflowRequest<RunsMetricHistory> request, MetricHistoryReader history, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await history.OfRunsAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<RunAnswer>> GetAsync(MlflowRequest<RunRef> request, RunStore runs, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new RunAnswer(await runs.GetAsync(request.Message.RunId ?? request.Message.RunUuid, cancellationToken)));

    private static async Task<JsonHttpResult<RunInfoAnswer>> UpdateAsync(MlflowRequest<UpdateRun> request, RunStore runs, CancellationToken cancellationToken) =>
        MlflowResults.Ok(new RunInfoAnswer(await runs.UpdateAsync(request.Message, cancellationToken)));

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAsync(MlflowRequest<RunRef> request, RunStore runs, CancellationToken cancellationToken)
    {
        await runs.SetStageAsync(request.Message.RunId, LifecycleStage.Deleted, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> RestoreAsync(MlflowRequest<RunRef> request, RunStore runs, CancellationToken cancellationToken)
    {
        await runs.SetStageAsync(request.Message.RunId, LifecycleStage.Active, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<RunsAnswer>> SearchAsync(MlflowRequest<SearchRuns> request, RunStore runs, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await runs.SearchAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<MlflowEmpty>> LogMetricAsync(MlflowRequest<LogMetric> request, RunLog log, CancellationToken cancellationToken)
    {
        var m = request.Message;
        await log.LogAsync(m.RunId ?? m.RunUuid, [new(m.Key, m.Value, m.Timestamp, m.Step) { ModelId = m.ModelId, DatasetName = m.DatasetName, DatasetDigest = m.DatasetDigest }], [], [], cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> LogParameterAsync(MlflowRequest<LogParameter> request, RunLog log, CancellationToken cancellationToken)
    {
        var m = request.Message;
        await log.LogAsync(m.RunId ?? m.RunUuid, [], [new(m.Key, m.Value)], [], cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> LogBatchAsync(MlflowRequest<LogBatch> request, RunLog log, CancellationToken cancellationToken)
    {
        await log.LogBatchAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> LogModelAsync(MlflowRequest<LogModel> request, RunLog log, CancellationToken cancellationToken)
    {
        await log.LogModelAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> SetTagAsync(MlflowRequest<SetRunTag> request, RunLog log, CancellationToken cancellationToken)
    {
        var m = request.Message;
        await log.LogAsync(m.RunId ?? m.RunUuid, [], [], [new(m.Key, m.Value)], cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteTagAsync(MlflowRequest<SetRunTag> request, RunLog log, CancellationToken cancellationToken)
    {
        await log.DeleteTagAsync(request.Message.RunId, request.Message.Key, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> LogInputsAsync(MlflowRequest<LogInputs> request, InputStore inputs, CancellationToken cancellationToken)
    {
        await inputs.LogInputsAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> LogOutputsAsync(MlflowRequest<LogOutputs> request, InputStore inputs, CancellationToken cancellationToken)
    {
        await inputs.LogOutputsAsync(request.Message, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<MetricsAnswer>> BulkHistoryAsync(MlflowRequest<BulkMetricHistory> request, MetricHistoryReader history, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await history.SampledAsync(request.Message, cancellationToken));

    private static async Task<JsonHttpResult<MetricsAnswer>> HistoryAsync(MlflowRequest<MetricHistory> request, MetricHistoryReader history, CancellationToken cancellationToken) =>
        MlflowResults.Ok(await history.PageAsync(request.Message, cancellationToken));
}
