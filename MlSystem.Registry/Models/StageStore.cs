using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>Moves versions between MLflow's stages; <c>Production</c> also commands what the endpoint of the model's name serves.</summary>
internal sealed class StageStore(RegistryDatabase database, TimeProvider time)
{
    /// <summary>
    /// Moves a version. When it becomes the one that <c>models:/{name}/Production</c> names (the highest number in the stage) and is servable,
    /// it becomes, in the same transaction, the whole live traffic, as with the alias <c>champion</c>.
    /// </summary>
    public Task<VersionMessage> MoveAsync(TransitionStage request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Require.Text(request.Name, "name");
        var number = Names.Version(request.Version);
        var stage = Stages.Canonical(request.Stage);
        var archive = request.ArchiveExistingVersions ?? false;
        if (archive && !Stages.IsActive(stage))
        {
            throw MlflowError.Invalid($"Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are Production and Staging.");
        }

        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, name, now, cancellationToken);
                var version = await ModelReader.VersionAsync(db, model, number, cancellationToken);
                if (archive)
                {
                    await ArchiveOthersAsync(db, model, stage, number, caller, now, cancellationToken);
                }

                Set(db, model, version, stage, caller, now);
                await db.SaveChangesAsync(cancellationToken);
                if (stage == Stages.Production
                    && version.Status == VersionStatus.Servable
                    && !await db.Versions.AnyAsync(v => v.ModelId == model.ModelId && v.Stage == stage && v.Version > number, cancellationToken))
                {
                    await AliasStore.PointAsync(db, model, AliasStore.Champion, number, caller, now, cancellationToken);
                    await Revisions.ServeWhollyAsync(db, name, number, caller, now, cancellationToken);
                }

                await db.SaveChangesAsync(cancellationToken);
                return await ModelReader.MessageAsync(db, model, version, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Where the stage is used, <c>Production</c> is a view of what serves: it follows to the version that has all live traffic.</summary>
    internal static async Task FollowAsync(RegistryContext db, RegisteredModel model, int served, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!await db.Versions.AnyAsync(v => v.ModelId == model.ModelId && v.Stage == Stages.Production, cancellationToken))
        {
            return;
        }

        await ArchiveOthersAsync(db, model, Stages.Production, served, caller, now, cancellationToken);
        Set(db, model, await ModelReader.VersionAsync(db, model, served, cancellationToken), Stages.Production, caller, now);
    }

    private static async Task ArchiveOthersAsync(RegistryContext db, RegisteredModel model, string stage, int but, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var other in await db.Versions.Where(v => v.ModelId == model.ModelId && v.Stage == stage && v.Version != but).ToListAsync(cancellationToken))
        {
            Set(db, model, other, Stages.Archived, caller, now);
        }
    }

    private static void Set(RegistryContext db, RegisteredModel model, ModelVersion version, string stage, Caller caller, DateTimeOffset now)
    {
        if (version.Stage != stage)
        {
            version.Stage = stage;
            version.LastUpdatedTime = now.ToUnixTimeMilliseconds();
            db.Emit(model.Name, Change.By(caller, now, RegistryChange.VersionStageChanged) with { Model = model.Name, Version = version.Version });
        }
    }
}
