namespace MlSystem.Registry.Artifacts;

internal sealed record ListArtifacts(string? RunId, string? RunUuid, string? Path, string? PageToken);

internal sealed record ArtifactsAnswer(string? RootUri, IReadOnlyList<FileInfoMessage>? Files);

/// <summary>A file or folder of a listing; folders have no size.</summary>
internal sealed record FileInfoMessage(string Path, bool IsDir, long? FileSize);
