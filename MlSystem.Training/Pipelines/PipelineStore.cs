using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Pipelines;

/// <summary>Versions of pipelines.</summary>
public sealed class PipelineStore(IDbContextFactory<TrainingContext> contexts, TimeProvider time)
{
    /// <summary>Stores a definition as the next version, or finds that the newest is the same.</summary>
    /// <returns>The version and whether it is new.</returns>
    public async Task<(PipelineView Pipeline, bool IsNew)> PutAsync(PipelineDefinition definition, string principal, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            var (row, isNew) = await StageAsync(context, definition, principal, cancellationToken);
            try
            {
                await context.SaveChangesAsync(cancellationToken);
                return (PipelineView.Of(row), isNew);
            }
            catch (DbUpdateException error) when (error.IsDuplicate())
            {
                // Somebody else stored the next version in between: look again.
            }
        }
    }

    /// <summary>Adds the next version to a context that the caller saves, unless the newest is the same.</summary>
    internal async Task<(PipelineRow Row, bool IsNew)> StageAsync(
        TrainingContext context, PipelineDefinition definition, string principal, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.Serialize(definition, TrainingJson.Default.PipelineDefinition);
        var newest = await Newest(context, definition.Name).FirstOrDefaultAsync(cancellationToken);
        if (newest?.Definition == json)
        {
            return (newest, false);
        }

        var row = new PipelineRow
        {
            Name = definition.Name,
            Version = (newest?.Version ?? 0) + 1,
            Definition = json,
            CreatedAt = time.GetUtcNow(),
            CreatedBy = principal,
        };
        context.Pipelines.Add(row);
        return (row, true);
    }

    /// <summary>One version of a pipeline, by default the newest; null when there is none.</summary>
    public async Task<PipelineView?> FindAsync(string name, int? version, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await Newest(context, name).Where(p => version == null || p.Version == version).FirstOrDefaultAsync(cancellationToken);
        return row is null ? null : PipelineView.Of(row);
    }

    public async Task<PipelineDefinition> RequireAsync(string name, int version, CancellationToken cancellationToken) =>
        (await FindAsync(name, version, cancellationToken))?.Definition ?? throw new InvalidOperationException($"There is no version {version} of pipeline '{name}'.");

    /// <summary>The newest version of every pipeline, by name.</summary>
    public async Task<IReadOnlyList<PipelineView>> AllAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await context.Pipelines.AsNoTracking()
            .Where(p => !context.Pipelines.Any(o => o.Name == p.Name && o.Version > p.Version)).OrderBy(p => p.Name).ToListAsync(cancellationToken);
        return [.. rows.Select(PipelineView.Of)];
    }

    public async Task<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken) => [.. (await AllAsync(cancellationToken)).Select(p => p.Name)];

    private static IQueryable<PipelineRow> Newest(TrainingContext context, string name) =>
        context.Pipelines.AsNoTracking().Where(p => p.Name == name).OrderByDescending(p => p.Version);
}

/// <summary>One version of a pipeline as the API shows it.</summary>
public sealed record PipelineView(string Name, int Version, DateTimeOffset CreatedAt, string CreatedBy, PipelineDefinition Definition)
{
    internal static PipelineView Of(PipelineRow row) =>
        new(row.Name, row.Version, row.CreatedAt, row.CreatedBy, JsonSerializer.Deserialize(row.Definition, TrainingJson.Default.PipelineDefinition)!);
}

/// <summary>The newest version of every pipeline.</summary>
public sealed record PipelineList(IReadOnlyList<PipelineView> Pipelines);
