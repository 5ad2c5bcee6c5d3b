using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.Artifacts;

/// <summary>The files of model versions as a part of the artifact tree that nobody can write: <c>model-versions/{model id}/{version}/{path}</c>.</summary>
internal sealed class VersionTree(RegistryDatabase database)
{
    private const string Root = "model-versions";

    public static string Uri(long modelId, int version) => string.Create(CultureInfo.InvariantCulture, $"{ExperimentStore.ArtifactRoot}{Root}/{modelId}/{version}");

    public static bool Contains(string path) => path == Root || path.StartsWith(Root + "/", StringComparison.Ordinal);

    /// <summary>Refuses to write where versions are.</summary>
    public static string Writable(string path) =>
        Contains(path) ? throw MlflowError.Invalid($"Invalid path '{path}': the files of model versions can't be changed.") : path;

    /// <summary>The version that a path names, with the path inside it; null when the path names none.</summary>
    public static (long ModelId, int Version, string Path)? Parse(string path)
    {
        var parts = path.Split('/', 4);
        return parts.Length >= 3 && parts[0] == Root
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var model)
            && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (model, version, parts.Length == 4 ? parts[3] : "")
            : null;
    }

    public async Task<ArtifactEntry?> FindAsync(string path, CancellationToken cancellationToken) =>
        (await ListAsync(ArtifactPath.FolderOf(path), cancellationToken)).FirstOrDefault(e => e.Path == path);

    /// <summary>The entries directly in a folder of a version.</summary>
    public async Task<IReadOnlyList<ArtifactEntry>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        if (Parse(folder) is not { } at)
        {
            return [];
        }

        await using var db = database.Read();
        var files = await db.VersionFiles.Where(f => f.ModelId == at.ModelId && f.Version == at.Version).OrderBy(f => f.Path).ToListAsync(cancellationToken);
        var prefix = at.Path.Length == 0 ? "" : at.Path + "/";
        return [.. files.Where(f => f.Path.StartsWith(prefix, StringComparison.Ordinal)).Select(f => Entry(f, folder, prefix.Length)).DistinctBy(e => e.Path)];
    }

    private static ArtifactEntry Entry(ModelVersionFile file, string folder, int skip)
    {
        var slash = file.Path.IndexOf('/', skip);
        var name = slash < 0 ? file.Path[skip..] : file.Path[skip..slash];
        return new()
        {
            Path = $"{folder}/{name}",
            Folder = folder,
            IsDirectory = slash >= 0,
            Sha256 = slash < 0 ? file.Sha256 : null,
            SizeBytes = slash < 0 ? file.SizeBytes : 0,
            UpdatedAt = 0,
        };
    }
}
