using System.Globalization;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Models;

/// <summary>Reads models and versions with their tags and aliases: a fixed number of queries, however many rows.</summary>
internal static class ModelReader
{
    public static async Task<RegisteredModel> ModelAsync(RegistryContext db, string? name, CancellationToken cancellationToken)
    {
        var wanted = Require.Text(name, "name");
        return await db.Models.FirstOrDefaultAsync(m => m.Name == wanted, cancellationToken) ?? throw NotFound(wanted);
    }

    public static async Task<ModelVersion> VersionAsync(RegistryContext db, RegisteredModel model, int version, CancellationToken cancellationToken) =>
        await db.Versions.FirstOrDefaultAsync(v => v.ModelId == model.ModelId && v.Version == version, cancellationToken) ?? throw NotFound(model.Name, version);

    public static ErrorAnswerException NotFound(string name) => MlflowError.NotFound($"Registered Model with name={name} not found");

    public static ErrorAnswerException NotFound(string name, int version) => MlflowError.NotFound($"Model Version (name={name}, version={version}) not found");

    public static string Text(int version) => version.ToString(CultureInfo.InvariantCulture);

    public static async Task<IReadOnlyList<ModelMessage>> MessagesAsync(RegistryContext db, IReadOnlyList<RegisteredModel> models, CancellationToken cancellationToken)
    {
        var ids = models.Select(m => m.ModelId).ToList();
        var reads = ModelReads.Of(db);
        var tags = (await reads.ModelTags(db, ids).ToListAsync(cancellationToken)).ToLookup(t => t.ModelId);
        var aliases = await reads.Aliases(db, ids).ToListAsync(cancellationToken);
        var latest = await LatestOfStages(db.Versions.Where(v => ids.Contains(v.ModelId))).ToListAsync(cancellationToken);
        var names = models.ToDictionary(m => m.ModelId, m => m.Name);
        var latestMessages = (await MessagesAsync(db, latest, names, aliases, cancellationToken)).ToLookup(v => v.Name);
        var aliasesOf = aliases.ToLookup(a => a.ModelId);
        return [.. models.Select(model => new ModelMessage
        {
            Name = model.Name,
            CreationTimestamp = model.CreationTime,
            LastUpdatedTimestamp = model.LastUpdatedTime,
            UserId = model.CreatedBy,
            Description = model.Description,
            LatestVersions = OrNull(latestMessages[model.Name]),
            Tags = OrNull(tags[model.ModelId].Select(t => new KeyValue(t.Key, t.Value))),
            Aliases = OrNull(aliasesOf[model.ModelId].Select(a => new AliasMessage(a.Alias, Text(a.Version)))),
        })];
    }

    /// <summary>The highest version of each stage of each model.</summary>
    public static IQueryable<ModelVersion> LatestOfStages(IQueryable<ModelVersion> versions) => versions
        .Join(
            versions.GroupBy(v => new { v.ModelId, v.Stage }).Select(g => new { g.Key.ModelId, Version = g.Max(v => v.Version) }),
            v => new { v.ModelId, v.Version },
            g => new { g.ModelId, g.Version },
            (v, g) => v)
        .OrderBy(v => v.Version).Select(ForMessages);

    /// <summary>Without signature, lineage and manifest signature: they are long, and no message of MLflow has them.</summary>
    public static Expression<Func<ModelVersion, ModelVersion>> ForMessages { get; } = v => new()
    {
        ModelId = v.ModelId,
        Version = v.Version,
        Status = v.Status,
        Reason = v.Reason,
        RunId = v.RunId,
        Source = v.Source,
        LoggedModelId = v.LoggedModelId,
        RunLink = v.RunLink,
        Stage = v.Stage,
        Description = v.Description,
        CreatedBy = v.CreatedBy,
        CreationTime = v.CreationTime,
        LastUpdatedTime = v.LastUpdatedTime,
    };

    public static async Task<IReadOnlyList<VersionMessage>> MessagesAsync(
        RegistryContext db, IReadOnlyList<ModelVersion> versions, IReadOnlyDictionary<long, string> names, CancellationToken cancellationToken)
    {
        var ids = versions.Select(v => v.ModelId).Distinct().ToList();
        return await MessagesAsync(db, versions, names, await ModelReads.Of(db).Aliases(db, ids).ToListAsync(cancellationToken), cancellationToken);
    }

    private static async Task<IReadOnlyList<VersionMessage>> MessagesAsync(
        RegistryContext db, IReadOnlyList<ModelVersion> versions, IReadOnlyDictionary<long, string> names, List<ModelAlias> aliases, CancellationToken cancellationToken)
    {
        var ids = versions.Select(v => v.ModelId).Distinct().ToList();
        var numbers = versions.Select(v => v.Version).Distinct().ToList();
        var tags = (await ModelReads.Of(db).VersionTags(db, ids, numbers).ToListAsync(cancellationToken)).ToLookup(t => (t.ModelId, t.Version));
        var aliasesOf = aliases.ToLookup(a => (a.ModelId, a.Version));
        return [.. versions.Select(v => Message(names[v.ModelId], v, tags[(v.ModelId, v.Version)], aliasesOf[(v.ModelId, v.Version)].Select(a => a.Alias)))];
    }

    public static VersionMessage Message(string name, ModelVersion version, IEnumerable<ModelVersionTag> tags, IEnumerable<string> aliases) => new()
    {
        Name = name,
        Version = Text(version.Version),
        CreationTimestamp = version.CreationTime,
        LastUpdatedTimestamp = version.LastUpdatedTime,
        UserId = version.CreatedBy,
        CurrentStage = version.Stage,
        Description = version.Description,
        Source = version.Source,
        RunId = version.RunId,
        RunLink = version.RunLink,
        ModelId = version.LoggedModelId,
        Status = version.Status == VersionStatus.Pending ? "PENDING_REGISTRATION" : "READY",
        StatusMessage = version.Status == VersionStatus.Refused ? $"Not servable: {version.Reason}" : null,
        Tags = OrNull(tags.Select(t => new KeyValue(t.Key, t.Value))),
        Aliases = OrNull(aliases),
    };

    public static async Task<VersionMessage> MessageAsync(RegistryContext db, RegisteredModel model, ModelVersion version, CancellationToken cancellationToken) =>
        (await MessagesAsync(db, [version], new Dictionary<long, string> { [model.ModelId] = model.Name }, cancellationToken))[0];

    private static List<T>? OrNull<T>(IEnumerable<T> items) => items.ToList() is { Count: > 0 } list ? list : null;
}
