using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>Finds what depends on a version: what does can't be deleted.</summary>
internal sealed class ServedModels(BlobStore blobs)
{
    private const string EnsembleFile = "ensemble.json";
    private const long MaxEnsembleBytes = 16 * 1024 * 1024;

    /// <summary>Refuses to go on when an endpoint, the champion alias or an ensemble needs one of the versions. The model's row must be locked.</summary>
    /// <param name="version">One version, or null for all of the model.</param>
    public async Task RequireUnusedAsync(RegistryContext db, RegisteredModel model, int? version, CancellationToken cancellationToken)
    {
        var what = version is null ? $"Registered Model (name={model.Name})" : $"Model Version (name={model.Name}, version={version})";
        if (await EndpointAsync(db, v => v.Model == model.Name && (version is null || v.Version == version), cancellationToken) is { } endpoint)
        {
            throw MlflowError.Conflict($"{what} can't be deleted: endpoint '{endpoint.Name}' serves version {endpoint.Version} as variant '{endpoint.Variant}'. Take it out of the endpoint first.");
        }

        if (await db.Aliases.FirstOrDefaultAsync(a => a.ModelId == model.ModelId && a.Alias == AliasStore.Champion && (version == null || a.Version == version), cancellationToken) is { } champion)
        {
            throw MlflowError.Conflict($"{what} can't be deleted: alias '{AliasStore.Champion}' names version {champion.Version}. Delete or move the alias first.");
        }

        if (await EnsembleAsync(db, model, version, cancellationToken) is { } ensemble)
        {
            throw MlflowError.Conflict($"{what} can't be deleted: it is a member of the ensemble {ensemble}. Delete that first.");
        }
    }

    /// <summary>Refuses to rename a model that an endpoint or ensemble knows by its name.</summary>
    public async Task RequireUnnamedAsync(RegistryContext db, RegisteredModel model, CancellationToken cancellationToken)
    {
        var name = await db.Endpoints.AnyAsync(e => e.Name == model.Name, cancellationToken)
            ? model.Name
            : (await EndpointAsync(db, v => v.Model == model.Name, cancellationToken))?.Name;
        if (name is not null)
        {
            throw MlflowError.Conflict($"Registered Model (name={model.Name}) can't be renamed: endpoint '{name}' refers to it by its name.");
        }

        if (await EnsembleAsync(db, model, version: null, cancellationToken) is { } ensemble)
        {
            throw MlflowError.Conflict($"Registered Model (name={model.Name}) can't be renamed: the ensemble {ensemble} refers to it by its name.");
        }
    }

    private static async Task<(string Name, string Variant, int Version)?> EndpointAsync(RegistryContext db, Predicate<EndpointVariant> uses, CancellationToken cancellationToken)
    {
        var current = await db.Endpoints
            .Join(db.EndpointRevisions, e => new { e.Name, e.Revision }, r => new { r.Name, r.Revision }, (_, r) => r)
            .OrderBy(r => r.Name).AsNoTracking().ToListAsync(cancellationToken);
        foreach (var revision in current)
        {
            if (EndpointReader.State(revision).Variants.FirstOrDefault(v => uses(v)) is { } variant)
            {
                return (revision.Name, variant.Name, variant.Version);
            }
        }

        return null;
    }

    private async Task<string?> EnsembleAsync(RegistryContext db, RegisteredModel model, int? version, CancellationToken cancellationToken)
    {
        var ensembles = await db.VersionFiles.Where(f => f.Path == EnsembleFile && f.SizeBytes <= MaxEnsembleBytes && (f.ModelId != model.ModelId || (version != null && f.Version != version)))
            .Join(db.Versions.Where(v => v.Status != VersionStatus.Refused), f => new { f.ModelId, f.Version }, v => new { v.ModelId, v.Version }, (f, v) => f)
            .Join(db.Models, f => f.ModelId, m => m.ModelId, (f, m) => new { m.Name, f.Version, f.Sha256 })
            .ToListAsync(cancellationToken);
        foreach (var ensemble in ensembles)
        {
            await using var file = blobs.OpenRead(ensemble.Sha256);
            using var document = await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
            if (Names(document.RootElement, model.Name, version))
            {
                return $"(name={ensemble.Name}, version={ensemble.Version})";
            }
        }

        return null;
    }

    private static bool Names(JsonElement element, string model, int? version) => element.ValueKind switch
    {
        JsonValueKind.Object =>
            (element.TryGetProperty("model", out var name) && name.ValueKind == JsonValueKind.String && name.GetString() == model
                && (version is null || (element.TryGetProperty("version", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value) && value == version)))
            || element.EnumerateObject().Any(p => Names(p.Value, model, version)),
        JsonValueKind.Array => element.EnumerateArray().Any(e => Names(e, model, version)),
        _ => false,
    };
}
