using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Artifacts;

/// <summary>The tree of artifacts: which path has which content.</summary>
internal sealed class ArtifactTree(RegistryDatabase database, TimeProvider time)
{
    /// <summary>Points a path at a blob; replaces a file, never a folder.</summary>
    public Task PutAsync(string path, Blob blob, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var folders = ArtifactPath.FoldersAbove(path).ToList();
            List<string> touched = [.. folders, path];
            var existing = await db.Artifacts.Where(a => touched.Contains(a.Path)).ToDictionaryAsync(a => a.Path, cancellationToken);
            if (folders.Find(f => existing.TryGetValue(f, out var entry) && !entry.IsDirectory) is { } file)
            {
                throw MlflowError.Invalid($"Invalid path '{path}': '{file}' is a file.");
            }

            if (existing.TryGetValue(path, out var old) && old.IsDirectory)
            {
                throw MlflowError.Invalid($"Invalid path '{path}': it is a folder.");
            }

            var at = time.GetUtcNow();
            var now = at.ToUnixTimeMilliseconds();
            await BlobLedger.ReferenceAsync(db, [blob.Sha256], at, cancellationToken);
            db.Artifacts.AddRange(folders.Where(f => !existing.ContainsKey(f)).Select(f => Entry(f, now, directory: true)));
            var target = old ?? db.Artifacts.Add(Entry(path, now, directory: false)).Entity;
            target.Sha256 = blob.Sha256;
            target.SizeBytes = blob.SizeBytes;
            target.UpdatedAt = now;
        },
        cancellationToken);

    public async Task<ArtifactEntry?> FindAsync(string path, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return await db.Artifacts.FirstOrDefaultAsync(a => a.Path == path, cancellationToken);
    }

    /// <summary>The entries directly in a folder, by name; empty when there is no such folder.</summary>
    public async Task<IReadOnlyList<ArtifactEntry>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return await db.Artifacts.Where(a => a.Folder == folder).OrderBy(a => a.Path).ToListAsync(cancellationToken);
    }

    /// <summary>Removes a file, or a folder with all that is in it. Versions keep their files: they hold the content by its hash.</summary>
    public Task DeleteAsync(string path, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var (from, to) = (path + "/", path + "0");
            var removed = db.Artifacts.Where(a => a.Path == path || (string.Compare(a.Path, from) >= 0 && string.Compare(a.Path, to) < 0));
            var before = await AuditedFilesAsync(removed, cancellationToken);
            if (await removed.ExecuteDeleteAsync(cancellationToken) == 0)
            {
                throw MlflowError.NotFound($"No artifact at '{path}'.");
            }

            db.Audit.Record("artifact.deleted", $"artifacts/{path}", before);
        },
        cancellationToken);

    /// <summary>All files below a folder (or the file itself), with paths relative to the folder. '0' is the character behind '/'.</summary>
    internal static async Task<IReadOnlyList<ArtifactEntry>> FilesBelowAsync(RegistryContext db, string folder, CancellationToken cancellationToken)
    {
        var (from, to) = (folder + "/", folder + "0");
        return await db.Artifacts.AsNoTracking()
            .Where(a => !a.IsDirectory && string.Compare(a.Path, from) >= 0 && string.Compare(a.Path, to) < 0)
            .OrderBy(a => a.Path)
            .ToListAsync(cancellationToken);
    }

    /// <summary>What the audit keeps of deleted files: how many there were, and of the first hundred path and hash.</summary>
    internal static async Task<JsonObject> AuditedFilesAsync(IQueryable<ArtifactEntry> entries, CancellationToken cancellationToken)
    {
        var files = entries.Where(a => !a.IsDirectory);
        var first = await files.OrderBy(a => a.Path).Take(100).Select(a => new { a.Path, a.Sha256 }).ToListAsync(cancellationToken);
        return new()
        {
            ["files"] = await files.CountAsync(cancellationToken),
            ["sha256"] = new JsonObject(first.Select(f => KeyValuePair.Create(f.Path, (JsonNode?)f.Sha256))),
        };
    }

    private static ArtifactEntry Entry(string path, long now, bool directory) => new()
    {
        Path = path,
        Folder = ArtifactPath.FolderOf(path),
        IsDirectory = directory,
        UpdatedAt = now,
    };
}
