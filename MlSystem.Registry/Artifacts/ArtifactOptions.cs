using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Artifacts;

/// <summary>Configuration section <c>Registry:Artifacts</c>.</summary>
internal sealed class ArtifactOptions
{
    public const string Section = "Registry:Artifacts";

    /// <summary>Folder of the blobs; on several replicas a shared volume. Default: <c>blobs</c> in the service's own folder.</summary>
    public string? Folder { get; set; }

    /// <summary>Largest upload in bytes; null (the default) for no limit.</summary>
    [Range(1, long.MaxValue)]
    public long? MaxUploadBytes { get; set; }
}
