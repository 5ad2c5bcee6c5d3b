using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>
/// The reads of models that every look-up and every page has, compiled once: without it, finding the plan of a query takes longer than the
/// database takes to answer it.
/// </summary>
internal sealed class ModelReads
{
    // A compiled query belongs to one model of the database: to a provider in a process.
    private static readonly ConditionalWeakTable<IModel, ModelReads> OfModel = [];

    private ModelReads()
    {
    }

    /// <summary>The version that an alias of a model points at, with its tags and aliases; without what no message has, as <see cref="ModelReader.ForMessages"/>.</summary>
    public Func<RegistryContext, string, string, CancellationToken, Task<FoundVersion?>> ByAlias { get; } = EF.CompileAsyncQuery(
        (RegistryContext db, string name, string alias, CancellationToken _) => db.Models.Where(m => m.Name == name)
            .Join(db.Aliases.Where(a => a.Alias == alias), m => m.ModelId, a => a.ModelId, (m, a) => a)
            .Join(db.Versions, a => new { a.ModelId, a.Version }, v => new { v.ModelId, v.Version }, (a, v) => v)
            .Select(v => new FoundVersion
            {
                Version = new()
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
                },
                Tags = db.VersionTags.Where(t => t.ModelId == v.ModelId && t.Version == v.Version).OrderBy(t => t.Key).ToList(),
                Aliases = db.Aliases.Where(x => x.ModelId == v.ModelId && x.Version == v.Version).OrderBy(x => x.Alias).Select(x => x.Alias).ToList(),
            })
            .AsNoTracking().AsSingleQuery().FirstOrDefault());

    public Func<RegistryContext, List<long>, IAsyncEnumerable<RegisteredModelTag>> ModelTags { get; } = EF.CompileAsyncQuery(
        (RegistryContext db, List<long> models) => db.ModelTags.Where(t => models.Contains(t.ModelId)).OrderBy(t => t.Key).AsNoTracking());

    public Func<RegistryContext, List<long>, IAsyncEnumerable<ModelAlias>> Aliases { get; } = EF.CompileAsyncQuery(
        (RegistryContext db, List<long> models) => db.Aliases.Where(a => models.Contains(a.ModelId)).OrderBy(a => a.Alias).AsNoTracking());

    public Func<RegistryContext, List<long>, List<int>, IAsyncEnumerable<ModelVersionTag>> VersionTags { get; } = EF.CompileAsyncQuery(
        (RegistryContext db, List<long> models, List<int> versions) =>
            db.VersionTags.Where(t => models.Contains(t.ModelId) && versions.Contains(t.Version)).OrderBy(t => t.Key).AsNoTracking());

    public static ModelReads Of(RegistryContext db) => OfModel.GetValue(db.Model, _ => new());
}

/// <summary>A version with what belongs to it.</summary>
internal sealed class FoundVersion
{
    public required ModelVersion Version { get; init; }
    public required List<ModelVersionTag> Tags { get; init; }
    public required List<string> Aliases { get; init; }
}
