using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Lineage;

/// <summary>Reads what a version's <c>lineage.json</c> cites; the registration has checked that it can be read.</summary>
internal static class VersionCitations
{
    /// <summary>Null where the version has none, as one that an MLflow client logged, or where the stored one can't be read, with the reason.</summary>
    public static (ModelLineage? Lineage, string? Problem) Of(ModelVersion version)
    {
        try
        {
            return (version.Lineage is null ? null : JsonSerializer.Deserialize(version.Lineage, ContractsJson.Default.ModelLineage), null);
        }
        catch (JsonException error)
        {
            return (null, $"its stored lineage can't be read, so that what it was made from is not shown: {error.Message}");
        }
    }

    /// <summary>What other versions and alerts can be found by; null where nothing is cited.</summary>
    public static VersionOrigin? Origin(ModelVersion version) => Of(version).Lineage is not { } lineage ? null : new()
    {
        ModelId = version.ModelId,
        Version = version.Version,
        ParentVersion = lineage.ParentVersion,
        PipelineRunId = lineage.PipelineRunId,
        TriggerEvidence = lineage.Trigger.Evidence,
    };
}
