using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Promotions;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Webhooks;

namespace MlSystem.Registry.Models;

/// <summary>Registered models and their tags.</summary>
internal sealed class ModelStore(RegistryDatabase database, Approvers approvers, TimeProvider time)
{
    public Task<ModelMessage> CreateAsync(CreateModel request, Caller caller, CancellationToken cancellationToken)
    {
        var name = Names.Checked(request.Name, "registered model");
        var description = request.Description is null ? null : Names.TagValue(request.Description, "description");
        var tags = (request.Tags ?? []).Select(t => new KeyValue(Names.Key(t.Key, "tag"), Names.TagValue(t.Value, t.Key!))).DistinctBy(t => t.Key).ToList();
        return database.WriteAsync(
            async db =>
            {
                if (await db.Models.AnyAsync(m => m.Name == name, cancellationToken))
                {
                    throw MlflowError.Exists($"Registered Model (name={name}) already exists.");
                }

                var now = time.GetUtcNow();
                var model = new RegisteredModel
                {
                    Name = name,
                    Description = description,
                    CreatedBy = caller.Name,
                    CreationTime = now.ToUnixTimeMilliseconds(),
                    LastUpdatedTime = now.ToUnixTimeMilliseconds(),
                };
                db.Models.Add(model);
                await db.SaveChangesAsync(cancellationToken);
                db.ModelTags.AddRange(tags.Select(t => new RegisteredModelTag { ModelId = model.ModelId, Key = t.Key!, Value = t.Value! }));
                db.Emit(name, Change.By(caller, now, RegistryChange.ModelCreated) with { Model = name });
                await WebhookOutbox.ModelCreatedAsync(db, name, tags, description, now, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return (await ModelReader.MessagesAsync(db, [model], cancellationToken))[0];
            },
            cancellationToken);
    }

    public async Task<ModelMessage> GetAsync(string? name, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return (await ModelReader.MessagesAsync(db, [await ModelReader.ModelAsync(db, name, cancellationToken)], cancellationToken))[0];
    }

    public async Task<ModelsAnswer> SearchAsync(SearchModels request, CancellationToken cancellationToken)
    {
        var size = Require.PageSize(request.MaxResults, 100, 1000);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var page = await ModelQuery.Models(db, request).Skip(offset).Take(size + 1).ToListAsync(cancellationToken);
        var models = await ModelReader.MessagesAsync(db, [.. page.Take(size)], cancellationToken);
        return new(models.Count == 0 ? null : models, PageToken.Next(offset, size, page.Count));
    }

    public Task<ModelMessage> UpdateAsync(UpdateModel request, CancellationToken cancellationToken) => ChangeAsync(
        request.Name,
        (_, model) =>
        {
            model.Description = Names.TagValue(request.Description, "description");
            return Task.CompletedTask;
        },
        cancellationToken);

    public Task<ModelMessage> SetTagAsync(SetModelTag request, Caller caller, CancellationToken cancellationToken)
    {
        var key = Names.Key(request.Key, "tag");
        var value = Names.TagValue(request.Value, key);
        return ChangeAsync(
            request.Name,
            async (db, model) =>
            {
                if (key == Approvals.Tag && value != Approvals.Required)
                {
                    await approvers.RequireForWithdrawalAsync(db, model.Name, caller, cancellationToken);
                }

                await AuditTagAsync(db, model, key, value, cancellationToken);
                await Upsert.RowsAsync(
                    db, "registered_model_tags", ["model_id", "key", "value"], "(model_id, key) DO UPDATE SET value = excluded.value", [[model.ModelId, key, value]], cancellationToken);
                await WebhookOutbox.ModelTagAsync(db, model, key, value, time.GetUtcNow(), cancellationToken);
            },
            cancellationToken);
    }

    public Task<ModelMessage> DeleteTagAsync(SetModelTag request, Caller caller, CancellationToken cancellationToken)
    {
        var key = Require.Text(request.Key, "key");
        return ChangeAsync(
            request.Name,
            async (db, model) =>
            {
                if (key == Approvals.Tag)
                {
                    await approvers.RequireForWithdrawalAsync(db, model.Name, caller, cancellationToken);
                }

                await AuditTagAsync(db, model, key, value: null, cancellationToken);
                if (await db.ModelTags.Where(t => t.ModelId == model.ModelId && t.Key == key).ExecuteDeleteAsync(cancellationToken) > 0)
                {
                    await WebhookOutbox.ModelTagAsync(db, model, key, value: null, time.GetUtcNow(), cancellationToken);
                }
            },
            cancellationToken);
    }

    private static async Task AuditTagAsync(RegistryContext db, RegisteredModel model, string key, string? value, CancellationToken cancellationToken) => db.Audit.Tags(
        new RegisteredModelTag { ModelId = model.ModelId, Key = key, Value = "" },
        await db.ModelTags.Where(t => t.ModelId == model.ModelId && t.Key == key).ToDictionaryAsync(t => t.Key, t => t.Value, cancellationToken),
        [new(key, value)]);

    private Task<ModelMessage> ChangeAsync(string? name, Func<RegistryContext, RegisteredModel, Task> change, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var model = await ModelReader.ModelAsync(db, name, cancellationToken);
            await change(db, model);
            model.LastUpdatedTime = time.GetUtcNow().ToUnixTimeMilliseconds();
            return (await ModelReader.MessagesAsync(db, [model], cancellationToken))[0];
        },
        cancellationToken);
}
