using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Lineage;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Promotions;
using MlSystem.Registry.Signing;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>Deletes versions and models, and renames models, where nothing that serves depends on them.</summary>
internal sealed class ModelRemoval(RegistryDatabase database, ServedModels served, ManifestSigner signer, Approvers approvers, TimeProvider time)
{
    /// <summary>Deletes a version with its tags and aliases; its number is never given out again.</summary>
    public Task DeleteVersionAsync(VersionRef request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        var number = Names.Version(request.Version);
        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, name, now, cancellationToken);
                var version = await ModelReader.VersionAsync(db, model, number, cancellationToken);
                await served.RequireUnusedAsync(db, model, number, cancellationToken);
                db.Versions.Remove(version);
                db.Emit(name, Change.By(caller, now, RegistryChange.VersionDeleted) with { Model = name, Version = number });
            },
            cancellationToken);
    }

    /// <summary>Deletes a model with its versions, tags and aliases.</summary>
    public Task DeleteModelAsync(ModelRef request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, name, now, cancellationToken);
                await served.RequireUnusedAsync(db, model, version: null, cancellationToken);
                await approvers.RequireForWithdrawalAsync(db, name, caller, cancellationToken);
                ModelNames.GiveAway(db, model, now);
                db.Models.Remove(model);
                db.Emit(name, Change.By(caller, now, RegistryChange.ModelDeleted) with { Model = name });
            },
            cancellationToken);
    }

    public Task<ModelMessage> RenameAsync(RenameModel request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        var renamed = Names.Checked(request.NewName, "registered model");
        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, name, now, cancellationToken);
                if (await db.Models.AnyAsync(m => m.Name == renamed, cancellationToken))
                {
                    throw MlflowError.Exists($"Registered Model (name={renamed}) already exists.");
                }

                await served.RequireUnnamedAsync(db, model, cancellationToken);
                await approvers.RequireForWithdrawalAsync(db, name, caller, cancellationToken);
                await SignAsync(db, model, renamed, cancellationToken);
                ModelNames.GiveAway(db, model, now);
                model.Name = renamed;
                db.Emit(renamed, Change.By(caller, now, RegistryChange.ModelRenamed) with { Model = renamed });
                await db.SaveChangesAsync(cancellationToken);
                return (await ModelReader.MessagesAsync(db, [model], cancellationToken))[0];
            },
            cancellationToken);
    }

    /// <summary>Signatures name the model: each that was right is made anew.</summary>
    private async Task SignAsync(RegistryContext db, RegisteredModel model, string renamed, CancellationToken cancellationToken)
    {
        var files = (await db.VersionFiles.AsNoTracking().Where(f => f.ModelId == model.ModelId).ToListAsync(cancellationToken)).ToLookup(f => f.Version);
        foreach (var version in await db.Versions.Where(v => v.ModelId == model.ModelId && v.ManifestSignature != null).ToListAsync(cancellationToken))
        {
            var manifest = files[version.Version].Select(f => new ManifestFile { Path = f.Path, Sha256 = f.Sha256, SizeBytes = f.SizeBytes }).ToList();
            version.ManifestSignature = signer.Renamed(version.ManifestSignature, model.Name, renamed, version.Version, manifest);
        }
    }
}
