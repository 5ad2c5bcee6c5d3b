using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>Reads models and versions for the native API.</summary>
internal sealed class NativeModelReader(RegistryDatabase database, BlobStore blobs)
{
    /// <summary>All models by name, or the one.</summary>
    public async Task<IReadOnlyList<ModelView>> ModelsAsync(string? name, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var models = await db.Models.Where(m => name == null || m.Name == name).OrderBy(m => m.Name).ToListAsync(cancellationToken);
        var ids = models.ConvertAll(m => m.ModelId);
        var aliases = (await db.Aliases.Where(a => ids.Contains(a.ModelId)).ToListAsync(cancellationToken)).ToLookup(a => a.ModelId);
        return [.. models.Select(m => new ModelView(
            m.Name,
            m.Description,
            m.LastVersion == 0 ? null : m.LastVersion,
            new SortedDictionary<string, int>(aliases[m.ModelId].ToDictionary(a => a.Alias, a => a.Version), StringComparer.Ordinal),
            DateTimeOffset.FromUnixTimeMilliseconds(m.CreationTime),
            m.CreatedBy))];
    }

    /// <summary>The versions of a model, newest first, or the one; null when there is no such model.</summary>
    public async Task<IReadOnlyList<VersionView>?> VersionsAsync(string name, int? version, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var id = await db.Models.Where(m => m.Name == name).Select(m => (long?)m.ModelId).FirstOrDefaultAsync(cancellationToken);
        if (id is null)
        {
            return null;
        }

        var versions = await db.Versions.Where(v => v.ModelId == id && (version == null || v.Version == version)).OrderByDescending(v => v.Version).ToListAsync(cancellationToken);
        var files = (await db.VersionFiles.Where(f => f.ModelId == id && (version == null || f.Version == version)).OrderBy(f => f.Path).ToListAsync(cancellationToken)).ToLookup(f => f.Version);
        var aliases = (await db.Aliases.Where(a => a.ModelId == id).OrderBy(a => a.Alias).ToListAsync(cancellationToken)).ToLookup(a => a.Version);
        var views = new List<VersionView>(versions.Count);
        foreach (var found in versions)
        {
            views.Add(View(name, found, files[found.Version], await MembersAsync(files[found.Version], cancellationToken), aliases[found.Version]));
        }

        return views;
    }

    /// <summary>The content of one file of a version, or null.</summary>
    public async Task<Blob?> FileAsync(string name, int version, string path, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return await db.VersionFiles
            .Where(f => f.Version == version && f.Path == path && db.Models.Any(m => m.ModelId == f.ModelId && m.Name == name))
            .Select(f => new Blob(f.Sha256, f.SizeBytes))
            .FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Null for a model, and for a graph that was refused because it can't be read.</summary>
    private async Task<IReadOnlyList<MemberView>?> MembersAsync(IEnumerable<ModelVersionFile> files, CancellationToken cancellationToken)
    {
        if (files.FirstOrDefault(file => file.Path == ModelFiles.Ensemble) is not { } graph)
        {
            return null;
        }

        try
        {
            await using var stream = blobs.OpenRead(graph.Sha256);
            var spec = await JsonSerializer.DeserializeAsync(stream, ContractsJson.Default.EnsembleSpec, cancellationToken);
            return spec is null ? null : [.. GraphMember.Of(spec).Select(member => new MemberView(member.Model, member.Version))];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static VersionView View(string model, ModelVersion version, IEnumerable<ModelVersionFile> files, IReadOnlyList<MemberView>? members, IEnumerable<ModelAlias> aliases) => new(
        model,
        version.Version,
        version.Status,
        version.Reason,
        version.RunId,
        version.Source,
        new ModelManifest { Files = [.. files.Select(f => new ManifestFile { Path = f.Path, Sha256 = f.Sha256, SizeBytes = f.SizeBytes })] },
        version.ManifestSignature is null ? null : JsonSerializer.Deserialize(version.ManifestSignature, ContractsJson.Default.ManifestSignature),
        Json(version.Signature),
        Json(version.Lineage),
        members,
        DateTimeOffset.FromUnixTimeMilliseconds(version.CreationTime),
        version.CreatedBy,
        [.. aliases.Select(a => a.Alias)]);

    /// <summary>Stored JSON; where it can't be read, its text.</summary>
    private static JsonElement? Json(string? text)
    {
        try
        {
            return text is null ? null : JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text, ModelViewJson.Default.String);
        }
    }
}
