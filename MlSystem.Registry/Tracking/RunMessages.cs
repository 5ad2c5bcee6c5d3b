using System.Text.Json.Serialization;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Tracking;

internal sealed record CreateRun([property: JsonConverter(typeof(TextOrNumber))] string? ExperimentId, string? UserId, string? RunName, long? StartTime, IReadOnlyList<KeyValue>? Tags);

/// <summary>Names a run; <c>run_uuid</c> is the old name of the field.</summary>
internal sealed record RunRef(string? RunId, string? RunUuid);

internal sealed record UpdateRun(string? RunId, string? RunUuid, string? Status, long? EndTime, string? RunName);

internal sealed record SearchRuns(IReadOnlyList<string>? ExperimentIds, string? Filter, string? RunViewType, long? MaxResults, IReadOnlyList<string>? OrderBy, string? PageToken);

internal sealed record LogMetric(
    string? RunId, string? RunUuid, string? Key, double? Value, long? Timestamp, long? Step, string? ModelId, string? DatasetName, string? DatasetDigest);

internal sealed record LogParameter(string? RunId, string? RunUuid, string? Key, string? Value);

internal sealed record SetRunTag(string? RunId, string? RunUuid, string? Key, string? Value);

internal sealed record LogBatch(string? RunId, IReadOnlyList<MetricMessage>? Metrics, IReadOnlyList<KeyValue>? Params, IReadOnlyList<KeyValue>? Tags);

internal sealed record LogModel(string? RunId, string? ModelJson);

internal sealed record MetricHistory(string? RunId, string? RunUuid, string? MetricKey, string? PageToken, long? MaxResults);

/// <param name="RunId">1 to 100 runs.</param>
internal sealed record RunsMetricHistory(IReadOnlyList<string>? RunId, string? MetricKey, long? MaxResults);

/// <param name="RunIds">1 to 100 runs.</param>
internal sealed record BulkMetricHistory(IReadOnlyList<string>? RunIds, string? MetricKey, long? StartStep, long? EndStep, int? MaxResults);

/// <summary>A metric; with <c>model_id</c> one of a logged model, measured on the named data set if any.</summary>
internal sealed record MetricMessage(string? Key, double? Value, long? Timestamp, long? Step)
{
    public string? ModelId { get; init; }
    public string? RunId { get; init; }
    public string? DatasetName { get; init; }
    public string? DatasetDigest { get; init; }
}

internal sealed record MetricsAnswer(IReadOnlyList<MetricMessage>? Metrics, string? NextPageToken);

internal sealed record RunAnswer(RunMessage Run);

internal sealed record RunInfoAnswer(RunInfo RunInfo);

internal sealed record RunsAnswer(IReadOnlyList<RunMessage>? Runs, string? NextPageToken);

internal sealed record RunMessage(RunInfo Info, RunData Data, RunInputs Inputs, RunOutputs? Outputs);

internal sealed record RunInfo
{
    public required string RunId { get; init; }
    public required string RunUuid { get; init; }
    public required string RunName { get; init; }
    public required string ExperimentId { get; init; }
    public required string UserId { get; init; }
    public required string Status { get; init; }
    public required long StartTime { get; init; }
    public long? EndTime { get; init; }
    public required string ArtifactUri { get; init; }
    public required string LifecycleStage { get; init; }
}

internal sealed record RunData(IReadOnlyList<MetricMessage>? Metrics, IReadOnlyList<KeyValue>? Params, IReadOnlyList<KeyValue>? Tags);

/// <summary>MLflow's run states.</summary>
internal static class RunStatus
{
    public const string Running = "RUNNING";

    public static IReadOnlyList<string> All { get; } = [Running, "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
}
