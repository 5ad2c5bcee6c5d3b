using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Webhooks;

namespace MlSystem.Registry.Models;

/// <summary>Aliases of versions; <c>champion</c> also commands what the endpoint of the model's name serves.</summary>
internal sealed class AliasStore(RegistryDatabase database, TimeProvider time)
{
    public const string Champion = "champion";

    /// <summary>
    /// Points an alias at a version. <c>champion</c> on a servable version makes it, in the same transaction, the whole live traffic of
    /// the endpoint of the model's name; on a version that is not servable it is only an alias.
    /// </summary>
    public Task SetAsync(SetAlias request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        var alias = Names.Alias(request.Alias);
        var number = Names.Version(request.Version);
        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, name, now, cancellationToken);
                var version = await ModelReader.VersionAsync(db, model, number, cancellationToken);
                await PointAsync(db, model, alias, number, caller, now, cancellationToken);
                if (alias == Champion && version.Status == VersionStatus.Servable)
                {
                    await Revisions.ServeWhollyAsync(db, name, number, caller, now, cancellationToken);
                }
            },
            cancellationToken);
    }

    /// <summary>What serving code asks again and again: one query.</summary>
    public async Task<VersionMessage> GetAsync(ModelRef request, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        var alias = Names.Alias(request.Alias);
        await using var db = database.Read();
        var found = await ModelReads.Of(db).ByAlias(db, name, alias, cancellationToken);
        if (found is null)
        {
            await ModelReader.ModelAsync(db, name, cancellationToken);
            throw MlflowError.Invalid($"Registered model alias {alias} not found.");
        }

        return ModelReader.Message(name, found.Version, found.Tags, found.Aliases);
    }

    /// <summary>Removes an alias; that it is not there is no error. What an endpoint serves is not touched.</summary>
    public Task DeleteAsync(ModelRef request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        var alias = Names.Alias(request.Alias);
        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, name, now, cancellationToken);
                if (await db.Aliases.FirstOrDefaultAsync(a => a.ModelId == model.ModelId && a.Alias == alias, cancellationToken) is { } existing)
                {
                    db.Aliases.Remove(existing);
                    db.Emit(name, Change.By(caller, now, RegistryChange.AliasDeleted) with { Model = name, Version = existing.Version, Alias = alias });
                    await WebhookOutbox.AliasAsync(db, model, alias, version: null, now, cancellationToken);
                }
            },
            cancellationToken);
    }

    /// <summary>Sets the alias and tells of it; nothing happens when it points there already. The model's row must be locked.</summary>
    internal static async Task PointAsync(RegistryContext db, RegisteredModel model, string alias, int version, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var existing = await db.Aliases.FirstOrDefaultAsync(a => a.ModelId == model.ModelId && a.Alias == alias, cancellationToken);
        if (existing?.Version == version)
        {
            return;
        }

        if (existing is null)
        {
            db.Aliases.Add(new() { ModelId = model.ModelId, Alias = alias, Version = version });
        }
        else
        {
            existing.Version = version;
        }

        db.Emit(model.Name, Change.By(caller, now, RegistryChange.AliasSet) with { Model = model.Name, Version = version, Alias = alias });
        await WebhookOutbox.AliasAsync(db, model, alias, version, now, cancellationToken);
    }
}
