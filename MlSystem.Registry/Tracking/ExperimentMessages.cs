using System.Text.Json.Serialization;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Tracking;

internal sealed record CreateExperiment(string? Name, string? ArtifactLocation, IReadOnlyList<KeyValue>? Tags);

internal sealed record ExperimentRef([property: JsonConverter(typeof(TextOrNumber))] string? ExperimentId);

internal sealed record ExperimentNameRef(string? ExperimentName);

internal sealed record UpdateExperiment([property: JsonConverter(typeof(TextOrNumber))] string? ExperimentId, string? NewName);

internal sealed record SearchExperiments(long? MaxResults, string? PageToken, string? Filter, IReadOnlyList<string>? OrderBy, string? ViewType);

internal sealed record SetExperimentTag([property: JsonConverter(typeof(TextOrNumber))] string? ExperimentId, string? Key, string? Value);

internal sealed record ExperimentCreated(string ExperimentId);

internal sealed record ExperimentAnswer(ExperimentMessage Experiment);

internal sealed record ExperimentsAnswer(IReadOnlyList<ExperimentMessage>? Experiments, string? NextPageToken);

internal sealed record ExperimentMessage
{
    public required string ExperimentId { get; init; }
    public required string Name { get; init; }
    public required string ArtifactLocation { get; init; }
    public required string LifecycleStage { get; init; }
    public required long CreationTime { get; init; }
    public required long LastUpdateTime { get; init; }
    public IReadOnlyList<KeyValue>? Tags { get; init; }
}
