using System.ComponentModel.DataAnnotations;

namespace MlSystem.Inference.Versions;

/// <summary>What this replica keeps in memory and on disk: section <c>Inference:Versions</c>.</summary>
public sealed class VersionsOptions
{
    public const string Eager = "eager";
    public const string Lazy = "lazy";

    /// <summary>Bytes that resident versions may take, by <see cref="VersionCost"/>; 0 (default): no bound.</summary>
    [Range(0, long.MaxValue)]
    public long MemoryBudgetBytes { get; set; }

    /// <summary>Bytes of files of versions on disk, beyond which those used least recently and not in use are deleted; 0 (default): no bound.</summary>
    [Range(0, long.MaxValue)]
    public long DiskBudgetBytes { get; set; }

    /// <summary>
    /// <c>eager</c>: endpoints are loaded before the server is ready, under a budget as many as fit nine tenths of it. <c>lazy</c>: on
    /// their first request; only pinned ones before. Default: eager without a memory budget, lazy with one.
    /// </summary>
    [AllowedValues(null, Eager, Lazy)]
    public string? Load { get; set; }

    /// <summary>Seconds that a load waits for room while everything resident is in use, 0 to 300. Default 10.</summary>
    [Range(0, 300)]
    public int RoomWaitSeconds { get; set; } = 10;

    /// <summary>PEM files with the public keys whose signatures of manifests count; none (default): the keys that the registry tells.</summary>
    public IReadOnlyList<string> TrustedKeys { get; set; } = [];

    /// <summary>Whether versions without a signature are refused. Default false: only those whose signature does not verify.</summary>
    public bool RequireSignature { get; set; }

    internal bool IsLazy => (Load ?? (MemoryBudgetBytes > 0 ? Lazy : Eager)) == Lazy;
}
