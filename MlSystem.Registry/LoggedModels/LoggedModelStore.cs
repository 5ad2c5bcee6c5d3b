using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.LoggedModels;

/// <summary>Logged models: made pending, filled with artifacts, then ready or failed.</summary>
internal sealed class LoggedModelStore(RegistryDatabase database, TimeProvider time)
{
    private const string Pending = "LOGGED_MODEL_PENDING";
    private static readonly string[] FinalStates = ["LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"];

    public Task<LoggedModelMessage> CreateAsync(CreateLoggedModel request, CancellationToken cancellationToken)
    {
        var experimentId = ExperimentStore.Id(request.ExperimentId);
        var now = time.GetUtcNow();
        var id = "m-" + Guid.CreateVersion7(now).ToString("N");
        var name = string.IsNullOrEmpty(request.Name) ? "model-" + id[^8..] : Checked(request.Name);
        var (parameters, tags) = (Params(request.Params), Tags(request.Tags));
        return database.WriteAsync(
            async db =>
            {
                var experiment = await ExperimentStore.ActiveAsync(db, experimentId, cancellationToken);
                var model = new LoggedModel
                {
                    ModelId = id,
                    ExperimentId = experimentId,
                    Name = name,
                    ArtifactUri = $"{experiment.ArtifactLocation.TrimEnd('/')}/models/{id}/artifacts",
                    CreationTime = now.ToUnixTimeMilliseconds(),
                    LastUpdatedTime = now.ToUnixTimeMilliseconds(),
                    Status = Pending,
                    ModelType = string.IsNullOrEmpty(request.ModelType) ? null : request.ModelType,
                    SourceRunId = string.IsNullOrEmpty(request.SourceRunId) ? null : request.SourceRunId,
                };
                db.LoggedModels.Add(model);
                db.LoggedModelParams.AddRange(parameters.Select(p => new LoggedModelParam { ModelId = id, Key = p.Key!, Value = p.Value! }));
                db.LoggedModelTags.AddRange(tags.Select(t => new LoggedModelTag { ModelId = id, Key = t.Key!, Value = t.Value! }));
                await db.SaveChangesAsync(cancellationToken);
                return (await LoggedModelReader.MessagesAsync(db, [model], cancellationToken))[0];
            },
            cancellationToken);
    }

    public async Task<LoggedModelMessage> GetAsync(string? id, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return (await LoggedModelReader.MessagesAsync(db, [await ActiveAsync(db, id, cancellationToken)], cancellationToken))[0];
    }

    public async Task<LoggedModelsAnswer> SearchAsync(SearchLoggedModels request, CancellationToken cancellationToken)
    {
        var size = Require.PageSize(request.MaxResults, 50, 1000);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var page = await LoggedModelQuery.Build(db, request).Skip(offset).Take(size + 1).ToListAsync(cancellationToken);
        var models = await LoggedModelReader.MessagesAsync(db, [.. page.Take(size)], cancellationToken);
        return new(models.Count == 0 ? null : models, PageToken.Next(offset, size, page.Count));
    }

    public Task<LoggedModelMessage> FinalizeAsync(FinalizeLoggedModel request, CancellationToken cancellationToken)
    {
        var status = Require.Text(request.Status, "status");
        return Array.IndexOf(FinalStates, status) < 0
            ? throw MlflowError.Invalid($"Invalid value '{status}' for parameter 'status': {string.Join(" or ", FinalStates)}.")
            : ChangeAsync(
                request.ModelId,
                (_, model) =>
                {
                    model.Status = status;
                    return Task.CompletedTask;
                },
                cancellationToken);
    }

    public Task<LoggedModelMessage> SetTagsAsync(SetLoggedModelTags request, CancellationToken cancellationToken)
    {
        var tags = Tags(request.Tags);
        return ChangeAsync(
            request.ModelId,
            async (db, model) =>
            {
                await AuditTagsAsync(db, model, [.. tags.Select(t => KeyValuePair.Create(t.Key!, t.Value))], cancellationToken);
                await Upsert.RowsAsync(
                    db,
                    "logged_model_tags",
                    ["model_id", "key", "value"],
                    "(model_id, key) DO UPDATE SET value = excluded.value",
                    [.. tags.Select(t => new object[] { model.ModelId, t.Key!, t.Value! })],
                    cancellationToken);
            },
            cancellationToken);
    }

    public Task DeleteTagAsync(DeleteLoggedModelTag request, CancellationToken cancellationToken)
    {
        var key = Require.Text(request.TagKey, "tag_key");
        return ChangeAsync(
            request.ModelId,
            async (db, model) =>
            {
                await AuditTagsAsync(db, model, [new(key, null)], cancellationToken);
                if (await db.LoggedModelTags.Where(t => t.ModelId == model.ModelId && t.Key == key).ExecuteDeleteAsync(cancellationToken) == 0)
                {
                    throw MlflowError.NotFound($"No tag with key '{key}' found for model with ID '{model.ModelId}'.");
                }
            },
            cancellationToken);
    }

    /// <summary>Adds parameters; one that is there with another value is refused.</summary>
    public Task LogParamsAsync(LogLoggedModelParams request, CancellationToken cancellationToken)
    {
        var parameters = Params(request.Params);
        return ChangeAsync(
            request.ModelId,
            async (db, model) =>
            {
                await Upsert.RowsAsync(
                    db, "logged_model_params", ["model_id", "key", "value"], "DO NOTHING", [.. parameters.Select(p => new object[] { model.ModelId, p.Key!, p.Value! })], cancellationToken);
                var stored = await db.LoggedModelParams.AsNoTracking().Where(p => p.ModelId == model.ModelId).ToDictionaryAsync(p => p.Key, p => p.Value, cancellationToken);
                if (parameters.Find(p => stored[p.Key!] != p.Value) is { } changed)
                {
                    throw MlflowError.Invalid($"Changing param values is not allowed. Param with key='{changed.Key}' was already logged with value='{stored[changed.Key!]}'.");
                }
            },
            cancellationToken);
    }

    public Task DeleteAsync(string? id, CancellationToken cancellationToken) => ChangeAsync(
        id,
        (_, model) =>
        {
            model.LifecycleStage = LifecycleStage.Deleted;
            model.DeletedTime = time.GetUtcNow().ToUnixTimeMilliseconds();
            return Task.CompletedTask;
        },
        cancellationToken);

    private static List<KeyValue> Params(IReadOnlyList<KeyValue>? parameters) =>
        [.. (parameters ?? []).Select(p => new KeyValue(Names.Key(p.Key, "param"), Names.ParamValue(p.Value, p.Key!))).DistinctBy(p => p.Key)];

    private static List<KeyValue> Tags(IReadOnlyList<KeyValue>? tags) =>
        [.. (tags ?? []).Select(t => new KeyValue(Names.Key(t.Key, "tag"), Names.TagValue(t.Value, t.Key!))).Reverse().DistinctBy(t => t.Key)];

    /// <summary>MLflow's rule of these names, which stand in URIs and filters.</summary>
    private static string Checked(string name) =>
        name.Length > Names.MaxNameLength || name.IndexOfAny(['/', ':', '.', '%', '"', '\'']) >= 0 || VisibleText.Problem(name) is not null
            ? throw MlflowError.Invalid($"Invalid model name '{name}': it must have 1 to {Names.MaxNameLength} visible characters without / : . % and quotation marks.")
            : name;

    private static ErrorAnswerException NotFound(string id) => MlflowError.NotFound($"Logged model with ID '{id}' not found.");

    private static async Task AuditTagsAsync(RegistryContext db, LoggedModel model, List<KeyValuePair<string, string?>> tags, CancellationToken cancellationToken)
    {
        var keys = tags.ConvertAll(t => t.Key);
        db.Audit.Tags(
            new LoggedModelTag { ModelId = model.ModelId, Key = "", Value = "" },
            await db.LoggedModelTags.Where(t => t.ModelId == model.ModelId && keys.Contains(t.Key)).ToDictionaryAsync(t => t.Key, t => t.Value, cancellationToken),
            tags);
    }

    private static async Task<LoggedModel> ActiveAsync(RegistryContext db, string? id, CancellationToken cancellationToken)
    {
        var wanted = Require.Text(id, "model_id");
        return await db.LoggedModels.FirstOrDefaultAsync(m => m.ModelId == wanted && m.LifecycleStage == LifecycleStage.Active, cancellationToken) ?? throw NotFound(wanted);
    }

    private Task<LoggedModelMessage> ChangeAsync(string? id, Func<RegistryContext, LoggedModel, Task> change, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var model = await ActiveAsync(db, id, cancellationToken);
            await change(db, model);
            model.LastUpdatedTime = time.GetUtcNow().ToUnixTimeMilliseconds();
            return (await LoggedModelReader.MessagesAsync(db, [model], cancellationToken))[0];
        },
        cancellationToken);
}
