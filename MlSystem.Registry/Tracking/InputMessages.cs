using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Tracking;

internal sealed record LogInputs(string? RunId, IReadOnlyList<DatasetInput>? Datasets, IReadOnlyList<ModelInput>? Models);

internal sealed record LogOutputs(string? RunId, IReadOnlyList<ModelOutput>? Models);

internal sealed record DatasetInput(IReadOnlyList<KeyValue>? Tags, DatasetMessage? Dataset);

/// <summary>A data set; schema and profile are JSON texts of its kind.</summary>
internal sealed record DatasetMessage(string? Name, string? Digest, string? SourceType, string? Source, string? Schema, string? Profile);

internal sealed record ModelInput(string? ModelId);

internal sealed record ModelOutput(string? ModelId, long? Step);

internal sealed record RunInputs(IReadOnlyList<DatasetInput>? DatasetInputs, IReadOnlyList<ModelInput>? ModelInputs);

internal sealed record RunOutputs(IReadOnlyList<ModelOutput>? ModelOutputs);

internal sealed record SearchDatasets(IReadOnlyList<string>? ExperimentIds);

internal sealed record DatasetSummary(string ExperimentId, string Name, string Digest, string? Context);

internal sealed record DatasetsAnswer(IReadOnlyList<DatasetSummary>? DatasetSummaries);
