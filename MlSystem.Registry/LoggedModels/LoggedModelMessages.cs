using System.Text.Json.Serialization;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.LoggedModels;

internal sealed record CreateLoggedModel(
    [property: JsonConverter(typeof(TextOrNumber))] string? ExperimentId, string? Name, string? ModelType, string? SourceRunId, IReadOnlyList<KeyValue>? Params, IReadOnlyList<KeyValue>? Tags);

internal sealed record LoggedModelRef(string? ModelId);

internal sealed record FinalizeLoggedModel(string? ModelId, string? Status);

internal sealed record SetLoggedModelTags(string? ModelId, IReadOnlyList<KeyValue>? Tags);

internal sealed record DeleteLoggedModelTag(string? ModelId, string? TagKey);

internal sealed record LogLoggedModelParams(string? ModelId, IReadOnlyList<KeyValue>? Params);

internal sealed record ListLoggedModelArtifacts(string? ModelId, string? ArtifactDirectoryPath);

internal sealed record SearchLoggedModels(
    IReadOnlyList<string>? ExperimentIds, string? Filter, IReadOnlyList<DatasetFilter>? Datasets, long? MaxResults, IReadOnlyList<LoggedModelOrder>? OrderBy, string? PageToken);

/// <summary>Only metrics measured on this data set are compared.</summary>
internal sealed record DatasetFilter(string? DatasetName, string? DatasetDigest);

internal sealed record LoggedModelOrder(string? FieldName, bool? Ascending, string? DatasetName, string? DatasetDigest);

internal sealed record LoggedModelAnswer(LoggedModelMessage Model);

internal sealed record LoggedModelsAnswer(IReadOnlyList<LoggedModelMessage>? Models, string? NextPageToken);

internal sealed record LoggedModelMessage(LoggedModelInfo Info, LoggedModelData Data);

internal sealed record LoggedModelInfo
{
    public required string ModelId { get; init; }
    public required string ExperimentId { get; init; }
    public required string Name { get; init; }
    public required long CreationTimestampMs { get; init; }
    public required long LastUpdatedTimestampMs { get; init; }
    public required string ArtifactUri { get; init; }
    public required string Status { get; init; }
    public string? ModelType { get; init; }
    public string? SourceRunId { get; init; }
    public IReadOnlyList<KeyValue>? Tags { get; init; }
    public IReadOnlyList<LoggedModelRegistration>? Registrations { get; init; }
}

/// <summary>A version that was registered from a logged model.</summary>
internal sealed record LoggedModelRegistration(string Name, string Version);

internal sealed record LoggedModelData(IReadOnlyList<KeyValue>? Params, IReadOnlyList<MetricMessage>? Metrics);
