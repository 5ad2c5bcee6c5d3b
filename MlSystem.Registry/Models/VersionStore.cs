using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Events;
using MlSystem.Registry.Lineage;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Signing;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Validation;
using MlSystem.Registry.Webhooks;

namespace MlSystem.Registry.Models;

/// <summary>Model versions: created once with their manifest, then only described (tags, description), never changed.</summary>
internal sealed class VersionStore(RegistryDatabase database, BlobStore blobs, ValidationSignal validation, ManifestSigner signer, TimeProvider time)
{
    /// <summary>Registers the next version. Numbers are consecutive under any number of concurrent callers: the model's row is locked until the commit.</summary>
    public async Task<VersionMessage> CreateAsync(CreateVersion request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Names.Checked(request.Name, "registered model");
        var uri = Require.Text(request.Source, "source");
        var description = request.Description is null ? null : Names.TagValue(request.Description, "description");
        var tags = (request.Tags ?? []).Select(t => new KeyValue(Names.Key(t.Key, "tag"), Names.TagValue(t.Value, t.Key!))).DistinctBy(t => t.Key).ToList();
        // A prompt of MLflow 3 is a version without files: its text is a tag.
        var source = tags.Exists(t => t is { Key: ModelQuery.PromptTag, Value: "true" })
            ? new VersionSource([], null, null, "it is a prompt, not a model")
            : await VersionSource.ReadAsync(database, blobs, uri, cancellationToken);
        var created = await database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await LockModelAsync(db, name, now, cancellationToken);
                model.LastVersion++;
                var version = new ModelVersion
                {
                    ModelId = model.ModelId,
                    Version = model.LastVersion,
                    Status = source.Refusal is null ? VersionStatus.Pending : VersionStatus.Refused,
                    Reason = source.Refusal,
                    RunId = string.IsNullOrEmpty(request.RunId) ? source.RunId : request.RunId,
                    RunLink = string.IsNullOrEmpty(request.RunLink) ? null : request.RunLink,
                    LoggedModelId = string.IsNullOrEmpty(request.ModelId) ? source.LoggedModelId : request.ModelId,
                    Source = uri,
                    Description = description,
                    Signature = source.Signature,
                    Lineage = source.Lineage,
                    ManifestSignature = source.Files.Count == 0 ? null : signer.Sign(name, model.LastVersion, source.Files),
                    CreatedBy = caller.Name,
                    CreationTime = now.ToUnixTimeMilliseconds(),
                    LastUpdatedTime = now.ToUnixTimeMilliseconds(),
                };
                db.Versions.Add(version);
                await BlobLedger.ReferenceAsync(db, source.Files.Select(f => f.Sha256), now, cancellationToken);
                if (VersionCitations.Origin(version) is { } origin)
                {
                    db.VersionOrigins.Add(origin);
                }

                db.VersionFiles.AddRange(source.Files.Select(f => new ModelVersionFile { ModelId = model.ModelId, Version = version.Version, Path = f.Path, Sha256 = f.Sha256, SizeBytes = f.SizeBytes }));
                db.VersionTags.AddRange(tags.Select(t => new ModelVersionTag { ModelId = model.ModelId, Version = version.Version, Key = t.Key!, Value = t.Value! }));
                db.Emit(name, Change.By(caller, now, RegistryChange.VersionCreated) with { Model = name, Version = version.Version });
                await WebhookOutbox.VersionCreatedAsync(db, model, version, tags, now, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return await ModelReader.MessageAsync(db, model, version, cancellationToken);
            },
            cancellationToken);
        validation.Wake();
        return created;
    }

    public async Task<VersionMessage> GetAsync(VersionRef request, CancellationToken cancellationToken)
    {
        var number = Names.Version(request.Version);
        await using var db = database.Read();
        var model = await ModelReader.ModelAsync(db, request.Name, cancellationToken);
        return await ModelReader.MessageAsync(db, model, await ModelReader.VersionAsync(db, model, number, cancellationToken), cancellationToken);
    }

    public async Task<VersionsAnswer> SearchAsync(SearchModels request, CancellationToken cancellationToken)
    {
        var size = Require.PageSize(request.MaxResults, 10_000, 200_000);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var page = await ModelQuery.Versions(db, request).Skip(offset).Take(size + 1).Select(ModelReader.ForMessages).ToListAsync(cancellationToken);
        var ids = page.Select(v => v.ModelId).Distinct().ToList();
        var names = await db.Models.Where(m => ids.Contains(m.ModelId)).ToDictionaryAsync(m => m.ModelId, m => m.Name, cancellationToken);
        var versions = await ModelReader.MessagesAsync(db, [.. page.Take(size)], names, cancellationToken);
        return new(versions.Count == 0 ? null : versions, PageToken.Next(offset, size, page.Count));
    }

    /// <summary>The highest version of each stage, or of the named ones.</summary>
    public async Task<VersionsAnswer> LatestAsync(LatestVersions request, CancellationToken cancellationToken)
    {
        var stages = (request.Stages ?? []).Select(Stages.Canonical).ToList();
        await using var db = database.Read();
        var model = await ModelReader.ModelAsync(db, request.Name, cancellationToken);
        var versions = db.Versions.Where(v => v.ModelId == model.ModelId);
        var latest = await ModelReader.LatestOfStages(stages.Count == 0 ? versions : versions.Where(v => stages.Contains(v.Stage))).ToListAsync(cancellationToken);
        var messages = await ModelReader.MessagesAsync(db, latest, new Dictionary<long, string> { [model.ModelId] = model.Name }, cancellationToken);
        return new(messages.Count == 0 ? null : messages, null);
    }

    /// <summary>Where the version's own files are: they stay as they were registered, whatever becomes of the run.</summary>
    public async Task<string> DownloadUriAsync(VersionRef request, CancellationToken cancellationToken)
    {
        var number = Names.Version(request.Version);
        await using var db = database.Read();
        var model = await ModelReader.ModelAsync(db, request.Name, cancellationToken);
        return VersionTree.Uri((await ModelReader.VersionAsync(db, model, number, cancellationToken)).ModelId, number);
    }

    public Task<VersionMessage> UpdateAsync(UpdateVersion request, CancellationToken cancellationToken) => ChangeAsync(
        request.Name,
        request.Version,
        (_, _, version) =>
        {
            version.Description = Names.TagValue(request.Description, "description");
            return Task.CompletedTask;
        },
        cancellationToken);

    public Task<VersionMessage> SetTagAsync(SetVersionTag request, CancellationToken cancellationToken)
    {
        var key = Names.Key(request.Key, "tag");
        var value = Names.TagValue(request.Value, key);
        return ChangeAsync(
            request.Name,
            request.Version,
            async (db, model, version) =>
            {
                await AuditTagAsync(db, version, key, value, cancellationToken);
                await Upsert.RowsAsync(
                    db,
                    "model_version_tags",
                    ["model_id", "version", "key", "value"],
                    "(model_id, version, key) DO UPDATE SET value = excluded.value",
                    [[version.ModelId, version.Version, key, value]],
                    cancellationToken);
                await WebhookOutbox.VersionTagAsync(db, model, version.Version, key, value, time.GetUtcNow(), cancellationToken);
            },
            cancellationToken);
    }

    public Task<VersionMessage> DeleteTagAsync(SetVersionTag request, CancellationToken cancellationToken)
    {
        var key = Require.Text(request.Key, "key");
        return ChangeAsync(
            request.Name,
            request.Version,
            async (db, model, version) =>
            {
                await AuditTagAsync(db, version, key, value: null, cancellationToken);
                if (await db.VersionTags.Where(t => t.ModelId == version.ModelId && t.Version == version.Version && t.Key == key).ExecuteDeleteAsync(cancellationToken) > 0)
                {
                    await WebhookOutbox.VersionTagAsync(db, model, version.Version, key, value: null, time.GetUtcNow(), cancellationToken);
                }
            },
            cancellationToken);
    }

    /// <summary>The model, tracked, its row locked until the transaction ends: changes of one model and their events have one order.</summary>
    internal static async Task<RegisteredModel> LockModelAsync(RegistryContext db, string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var updated = now.ToUnixTimeMilliseconds();
        db.Audit.PassNext();
        if (await db.Models.Where(m => m.Name == name).ExecuteUpdateAsync(m => m.SetProperty(x => x.LastUpdatedTime, updated), cancellationToken) == 0)
        {
            throw ModelReader.NotFound(name);
        }

        return await db.Models.FirstAsync(m => m.Name == name, cancellationToken);
    }

    private static async Task AuditTagAsync(RegistryContext db, ModelVersion version, string key, string? value, CancellationToken cancellationToken) => db.Audit.Tags(
        new ModelVersionTag { ModelId = version.ModelId, Version = version.Version, Key = key, Value = "" },
        await db.VersionTags.Where(t => t.ModelId == version.ModelId && t.Version == version.Version && t.Key == key).ToDictionaryAsync(t => t.Key, t => t.Value, cancellationToken),
        [new(key, value)]);

    private Task<VersionMessage> ChangeAsync(string? name, string? number, Func<RegistryContext, RegisteredModel, ModelVersion, Task> change, CancellationToken cancellationToken)
    {
        var wanted = Names.Version(number);
        return database.WriteAsync(
            async db =>
            {
                var model = await ModelReader.ModelAsync(db, name, cancellationToken);
                var version = await ModelReader.VersionAsync(db, model, wanted, cancellationToken);
                await change(db, model, version);
                version.LastUpdatedTime = time.GetUtcNow().ToUnixTimeMilliseconds();
                return await ModelReader.MessageAsync(db, model, version, cancellationToken);
            },
            cancellationToken);
    }
}
