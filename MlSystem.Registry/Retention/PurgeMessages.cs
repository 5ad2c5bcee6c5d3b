using System.Text.Json.Serialization;

namespace MlSystem.Registry.Retention;

/// <summary>What to purge.</summary>
internal sealed record PurgeRequest
{
    /// <summary>Only what was deleted at least so many days ago, 0 to 36500; 0 (the default) for all that is deleted.</summary>
    public double OlderThanDays { get; init; }

    /// <summary>Only these experiments; all when absent.</summary>
    public IReadOnlyList<string>? ExperimentIds { get; init; }

    /// <summary>Whether only to tell what would go.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What was purged, or would be.</summary>
/// <param name="Runs">Ids.</param>
/// <param name="LoggedModels">Ids.</param>
/// <param name="Experiments">Ids.</param>
/// <param name="Artifacts">Files that left the artifact tree.</param>
/// <param name="Kept">What is old enough and stays, with the reason.</param>
internal sealed record PurgeReport(
    bool DryRun, IReadOnlyList<string> Runs, IReadOnlyList<string> LoggedModels, IReadOnlyList<string> Experiments, int Artifacts, IReadOnlyList<KeptItem> Kept);

/// <summary>Something that was not purged.</summary>
/// <param name="Kind"><c>run</c>, <c>logged_model</c> or <c>experiment</c>.</param>
internal sealed record KeptItem(string Kind, string Id, string Reason);

/// <summary>What is marked with a data subject, or was erased for it.</summary>
/// <param name="Runs">Runs that are about the subject as a whole.</param>
/// <param name="Artifacts"><c>{run id}/{path}</c>.</param>
/// <param name="Params"><c>{run id}/{key}</c>.</param>
/// <param name="Tags"><c>{run id}/{key}</c>.</param>
/// <param name="Inputs"><c>{experiment id}/{name}/{digest}</c>.</param>
/// <param name="Retained">Files of versions with the same content as an erased artifact: they go when the version is deleted.</param>
internal sealed record SubjectReport(
    IReadOnlyList<string> Runs, IReadOnlyList<string> Artifacts, IReadOnlyList<string> Params, IReadOnlyList<string> Tags, IReadOnlyList<string> Inputs, IReadOnlyList<RetainedFile> Retained);

internal sealed record RetainedFile(string Model, int Version, string Path);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PurgeRequest))]
[JsonSerializable(typeof(PurgeReport))]
[JsonSerializable(typeof(SubjectReport))]
internal sealed partial class RetentionJson : JsonSerializerContext;
