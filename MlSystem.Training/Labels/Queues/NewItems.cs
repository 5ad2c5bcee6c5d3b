using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Labels.Selection;
using MlSystem.Training.Labels.Storage;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Labels.Queues;

/// <summary>Chooses candidates that nobody has seen: by the strategy, and a stated share by chance.</summary>
internal static class NewItems
{
    /// <summary>Most informative candidates among which density decides.</summary>
    private const int DensityPool = 200;

    public static async Task<List<LabelItemRow>> TakeAsync(
        TrainingContext context, LabelQueueRow queue, LabelQueueDefinition definition, int count, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (count <= 0)
        {
            return [];
        }

        var oldest = now - TimeSpan.FromHours(definition.ExpiryHours);
        var candidates = context.LabelItems.Where(i => i.QueueId == queue.Id && i.State == LabelItemState.Candidate && i.Time >= oldest);
        var byChance = new Queue<LabelItemRow>(await candidates.OrderBy(i => i.Chance).Take(2 * count).ToListAsync(cancellationToken));
        var pool = definition.Strategy == LabelStrategy.Density ? Math.Max(DensityPool, 2 * count) : 2 * count;
        var best = await candidates.OrderByDescending(i => i.Score).ThenBy(i => i.Chance).Take(pool).ToListAsync(cancellationToken);
        var byScore = new Queue<LabelItemRow>(definition.Strategy == LabelStrategy.Density ? ByDensity(best) : best);
        List<LabelItemRow> taken = [];
        while (taken.Count < count && (byChance.Count > 0 || byScore.Count > 0))
        {
            // The share holds at every moment, not only in the end: a queue may be left at any time.
            var atRandom = queue.ServedAtRandom < definition.RandomShare * (queue.Served + 1) - 1e-9;
            var source = atRandom && byChance.Count > 0 ? byChance : byScore.Count > 0 ? byScore : byChance;
            var item = source.Dequeue();
            if (item.State == LabelItemState.Candidate)
            {
                item.State = LabelItemState.Open;
                item.AtRandom = ReferenceEquals(source, byChance);
                queue.Served++;
                queue.ServedAtRandom += item.AtRandom == true ? 1 : 0;
                taken.Add(item);
            }
        }

        return taken;
    }

    private static IEnumerable<LabelItemRow> ByDensity(List<LabelItemRow> items)
    {
        var densities = Informativeness.Densities([.. items.Select(i => JsonDocument.Parse(i.Inputs).RootElement)]);
        return items.Zip(densities).OrderByDescending(p => p.First.Score * p.Second).Select(p => p.First);
    }
}
