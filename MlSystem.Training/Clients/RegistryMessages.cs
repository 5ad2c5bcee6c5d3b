namespace MlSystem.Training.Clients;

/// <summary>Bodies of the registry's API, with the fields that training reads and writes.</summary>
public sealed record NamedRequest(string Name);

public sealed record ExperimentCreated(string ExperimentId);

public sealed record ExperimentAnswer(ExperimentCreated Experiment);

public sealed record SearchRunsRequest(IReadOnlyList<string> ExperimentIds, string Filter, int MaxResults);

public sealed record RunsAnswer(IReadOnlyList<TrackedRunAnswer>? Runs);

public sealed record RunAnswer(TrackedRunAnswer Run);

public sealed record TrackedRunAnswer(TrackedRun Info);

/// <summary>A run as the tracking API knows it.</summary>
public sealed record TrackedRun(string RunId, string ArtifactUri);

public sealed record Tag(string Key, string Value);

/// <param name="StartTime">Unix time in milliseconds.</param>
public sealed record CreateRunRequest(string ExperimentId, string RunName, long StartTime, IReadOnlyList<Tag> Tags);

/// <param name="Timestamp">Unix time in milliseconds.</param>
public sealed record Metric(string Key, double Value, long Timestamp, long Step);

public sealed record LogBatchRequest(string RunId, IReadOnlyList<Metric> Metrics, IReadOnlyList<Tag> Params, IReadOnlyList<Tag> Tags);

/// <param name="EndTime">Unix time in milliseconds.</param>
public sealed record UpdateRunRequest(string RunId, string Status, long EndTime);

public sealed record CreateVersionRequest(string Name, string Source, string RunId, IReadOnlyList<Tag> Tags);

public sealed record VersionCreated(MlflowVersion ModelVersion);

public sealed record MlflowVersion(string Version);

public sealed record AliasRequest(string Name, string Alias, string Version);

public sealed record RegisteredModelAnswer(RegisteredModel RegisteredModel);

public sealed record RegisteredModel(IReadOnlyList<NamedVersion>? Aliases);

/// <summary>An alias and the version that it names.</summary>
public sealed record NamedVersion(string Alias, string Version);

public sealed record MlflowError(string ErrorCode, string? Message);

public sealed record VersionsAnswer(IReadOnlyList<ModelVersion> Versions);

/// <summary>A version with its serving state.</summary>
/// <param name="Status"><c>pending</c>, <c>servable</c> or <c>refused</c>.</param>
/// <param name="Reason">Why it is refused.</param>
public sealed record ModelVersion(int Version, string Status, string? Reason, string? RunId);

/// <summary>An answer of which nothing is read.</summary>
public sealed record Ignored;
