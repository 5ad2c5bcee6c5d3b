using System.ComponentModel.DataAnnotations;
using MlSystem.Registry.Artifacts.Stores;

namespace MlSystem.Registry.Artifacts;

/// <summary>Configuration section <c>Registry:Artifacts</c>.</summary>
internal sealed class ArtifactOptions : IValidatableObject
{
    public const string Section = "Registry:Artifacts";

    /// <summary>Where blobs are kept: <c>local</c> (the default), <c>s3</c> or <c>azure</c>.</summary>
    public ArtifactStoreKind Store { get; set; } = ArtifactStoreKind.Local;

    /// <summary>
    /// Folder of the blobs; on several replicas a shared volume. Default: <c>blobs</c> in the service's own folder. Of the remote stores it
    /// holds what is under way and the cache, and may be local to each replica.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>Largest upload in bytes; null (the default) for no limit.</summary>
    [Range(1, long.MaxValue)]
    public long? MaxUploadBytes { get; set; }

    /// <summary>What remote blobs that validations need may take of the local disk, MiB, 1 to 1048576; default 4096.</summary>
    [Range(1, 1_048_576)]
    public int CacheMb { get; set; } = 4096;

    /// <summary>How long an unreferenced blob stays, hours, 0 to 8760; default 24. Below the time of an upload, uploads fail at times (503) and have to be tried again.</summary>
    [Range(0, 8760)]
    public double CollectAfterHours { get; set; } = 24;

    /// <summary>How often unreferenced blobs are removed, hours, 0.1 to 8760; default 24, null for only on request.</summary>
    [Range(0.1, 8760)]
    public double? CollectEveryHours { get; set; } = 24;

    /// <summary>How long a remote store may take to accept a connection, seconds, 0.1 to 300; default 5.</summary>
    [Range(0.1, 300)]
    public double ConnectTimeoutSeconds { get; set; } = 5;

    /// <summary>How long no byte of a call to a remote store may move, in either direction, until it counts as away, seconds, 0.1 to 3600; default 30. A call that moves may take any time.</summary>
    [Range(0.1, 3600)]
    public double SilenceTimeoutSeconds { get; set; } = 30;

    public S3Options S3 { get; set; } = new();

    public AzureBlobOptions Azure { get; set; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Store switch
    {
        ArtifactStoreKind.S3 => S3.Problems(),
        ArtifactStoreKind.Azure => Azure.Problems(),
        _ => [],
    };
}

internal enum ArtifactStoreKind
{
    Local,
    S3,
    Azure,
}
