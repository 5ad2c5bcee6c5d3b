using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Labels.Storage;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Labels.Queues;

/// <summary>Queues and what is in them.</summary>
internal sealed class LabelQueues(IDbContextFactory<TrainingContext> contexts, TimeProvider time)
{
    private const int MostItems = 1000;

    /// <param name="name">Null: all.</param>
    public async Task<IReadOnlyList<LabelQueueView>> AllAsync(string? name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var queues = await context.LabelQueues.AsNoTracking().Where(q => name == null || q.Name == name).OrderBy(q => q.Name).ToListAsync(cancellationToken);
        var counts = await context.LabelItems.GroupBy(i => new { i.QueueId, i.State }).Select(g => new { g.Key.QueueId, g.Key.State, Count = g.Count() }).ToListAsync(cancellationToken);
        return [.. queues.Select(q => new LabelQueueView(
            q.Name, q.CreatedAt, Definition(q), q.Served, q.ServedAtRandom,
            new SortedDictionary<string, int>(counts.Where(c => c.QueueId == q.Id).ToDictionary(c => c.State, c => c.Count, StringComparer.Ordinal), StringComparer.Ordinal)))];
    }

    /// <returns>Whether it is new, or why it can't be changed so.</returns>
    public async Task<(bool IsNew, string? Conflict)> PutAsync(string name, LabelQueueDefinition definition, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.Serialize(definition, LabelJson.Default.LabelQueueDefinition);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.LabelQueues.AsNoTracking().SingleOrDefaultAsync(q => q.Name == name, cancellationToken);
        if (found is null)
        {
            context.LabelQueues.Add(new LabelQueueRow { Name = name, Id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N"), Definition = json, CreatedAt = time.GetUtcNow() });
            await context.SaveChangesAsync(cancellationToken);
            return (true, null);
        }

        var old = Definition(found);
        if (old.Endpoint != definition.Endpoint || old.Strategy != definition.Strategy)
        {
            return (false, $"The candidates of queue '{name}' were chosen for endpoint '{old.Endpoint}' by '{old.Strategy}'; delete it or use another name.");
        }

        await context.LabelQueues.Where(q => q.Name == name).ExecuteUpdateAsync(set => set.SetProperty(q => q.Definition, json), cancellationToken);
        return (false, null);
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.LabelQueues.AsNoTracking().SingleOrDefaultAsync(q => q.Name == name, cancellationToken) is not { } queue)
        {
            return false;
        }

        await context.LabelQueues.Where(q => q.Name == name).ExecuteDeleteAsync(cancellationToken);
        await context.LabelItems.Where(i => i.QueueId == queue.Id).ExecuteDeleteAsync(cancellationToken);
        await context.LabelAnswers.Where(a => a.QueueId == queue.Id).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Items in a state, the most informative first, at most 1,000; null: there is no such queue.</summary>
    public async Task<IReadOnlyList<LabelItemView>?> ItemsAsync(string name, string state, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await context.LabelQueues.AsNoTracking().SingleOrDefaultAsync(q => q.Name == name, cancellationToken) is not { } queue)
        {
            return null;
        }

        var items = await context.LabelItems.AsNoTracking().Where(i => i.QueueId == queue.Id && i.State == state)
            .OrderByDescending(i => i.Score).ThenBy(i => i.PredictionId).Take(MostItems).ToListAsync(cancellationToken);
        var conflicts = state == LabelItemState.Conflict
            ? await context.LabelAnswers.Where(a => a.QueueId == queue.Id && a.Label != null).ToListAsync(cancellationToken)
            : [];
        return [.. items.Select(i => View(i, conflicts.Where(a => a.PredictionId == i.PredictionId).ToDictionary(a => a.Annotator, a => a.Label!, StringComparer.Ordinal)))];
    }

    public static LabelQueueDefinition Definition(LabelQueueRow queue) => JsonSerializer.Deserialize(queue.Definition, LabelJson.Default.LabelQueueDefinition)!;

    public static LabelItemView View(LabelItemRow item, IReadOnlyDictionary<string, string>? answers = null) => new(
        item.PredictionId, item.State, item.Score, Json(item.Inputs)!.Value, Json(item.Probabilities), item.Predicted, item.AtRandom, item.Time, Json(item.Label),
        answers is { Count: > 0 } ? answers.ToDictionary(a => a.Key, a => Json(a.Value)!.Value) : null);

    private static JsonElement? Json(string? stored) => stored is null ? null : JsonElement.Parse(stored);
}
