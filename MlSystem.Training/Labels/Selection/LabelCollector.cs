using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Labels.Storage;
using MlSystem.Training.LoggedPredictions;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Labels.Selection;

/// <summary>
/// Reads logged predictions and keeps each queue's candidates: the most informative ones, and a random sample by the hash of
/// the id. The same predictions read again change nothing.
/// </summary>
internal sealed partial class LabelCollector(EventHandlerContext context, IDbContextFactory<TrainingContext> contexts, TimeProvider time, ILogger<LabelCollector> logger)
    : EventHandlerService(context, Topics.Predictions, "training-labels")
{
    private const int Chunk = 500;

    protected override async Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        await using var database = await contexts.CreateDbContextAsync(cancellationToken);
        var queues = (await database.LabelQueues.AsNoTracking().ToListAsync(cancellationToken))
            .Select(q => (Row: q, Definition: JsonSerializer.Deserialize(q.Definition, LabelJson.Default.LabelQueueDefinition)!)).ToList();
        if (queues.Count == 0)
        {
            return;
        }

        var batches = events.Select(Read).OfType<LoggedBatch>().ToList();
        foreach (var (queue, definition) in queues)
        {
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);

            // The row's lock: two replicas that collect for one queue take turns.
            await database.LabelQueues.Where(q => q.Id == queue.Id).ExecuteUpdateAsync(set => set.SetProperty(q => q.Served, q => q.Served), cancellationToken);
            var own = batches.Where(b => b.Event.Endpoint == definition.Endpoint).ToList();
            await AddAsync(database, queue, definition, own.Where(b => b.Event.Role == VariantRole.Live && b.HasInputs), cancellationToken);
            if (definition.Strategy == LabelStrategy.Committee)
            {
                await VoteAsync(database, queue, own, cancellationToken);
            }

            await TrimAsync(database, queue, definition, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            database.ChangeTracker.Clear();
        }
    }

    private async Task AddAsync(TrainingContext database, LabelQueueRow queue, LabelQueueDefinition definition, IEnumerable<LoggedBatch> batches, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - TimeSpan.FromHours(definition.ExpiryHours);
        var items = batches.SelectMany(b => b.Rows().Where(r => r.Time >= oldest).Select(r => Item(queue, definition, b, r)))
            .DistinctBy(i => i.PredictionId, StringComparer.Ordinal).ToList();

        // Of a flood of predictions only those go to the database that could stay.
        var kept = items.OrderByDescending(i => i.Score).Take(definition.Candidates).UnionBy(items.OrderBy(i => i.Chance).Take(definition.Candidates), i => i.PredictionId, StringComparer.Ordinal);
        foreach (var chunk in kept.Chunk(Chunk))
        {
            string[] ids = [.. chunk.Select(i => i.PredictionId)];
            var known = await database.LabelItems.Where(i => i.QueueId == queue.Id && ids.Contains(i.PredictionId)).Select(i => i.PredictionId).ToHashSetAsync(cancellationToken);
            database.LabelItems.AddRange(chunk.Where(i => !known.Contains(i.PredictionId)));
        }

        await database.SaveChangesAsync(cancellationToken);
    }

    private static LabelItemRow Item(LabelQueueRow queue, LabelQueueDefinition definition, LoggedBatch batch, LoggedRow row)
    {
        var probabilities = batch.OutputNumbers(StandardOutputs.Probabilities, row);
        return new LabelItemRow
        {
            QueueId = queue.Id,
            PredictionId = row.PredictionId,
            State = LabelItemState.Candidate,
            Score = Informativeness.Of(definition.Strategy, probabilities),
            Chance = Informativeness.Chance(queue.Id, row.PredictionId),
            Inputs = batch.Inputs(row).ToJsonString(),
            Probabilities = probabilities.Length == 0 ? null : JsonSerializer.Serialize(probabilities, LabelJson.Default.DoubleArray),
            Predicted = batch.OutputText(StandardOutputs.Label, row) ?? batch.OutputText(StandardOutputs.Prediction, row),
            Time = row.Time,
        };
    }

    /// <summary>Adds what each variant said of a request to its item. Shadows of a prediction that is no candidate are let go.</summary>
    private static async Task VoteAsync(TrainingContext database, LabelQueueRow queue, List<LoggedBatch> batches, CancellationToken cancellationToken)
    {
        var votes = batches.SelectMany(b => b.Rows().Select(r => (Id: b.Event.Role == VariantRole.Live ? r.PredictionId : r.Paired, Member: b.Event.Variant, Label: b.OutputText(StandardOutputs.Label, r))))
            .Where(v => v.Id is not null && v.Label is not null).GroupBy(v => v.Id!, StringComparer.Ordinal).ToDictionary(g => g.Key, StringComparer.Ordinal);
        foreach (var ids in votes.Keys.Chunk(Chunk))
        {
            foreach (var item in await database.LabelItems.Where(i => i.QueueId == queue.Id && ids.Contains(i.PredictionId)).ToListAsync(cancellationToken))
            {
                var all = item.Votes is null ? new SortedDictionary<string, string>(StringComparer.Ordinal) : JsonSerializer.Deserialize(item.Votes, LabelJson.Default.SortedDictionaryStringString)!;
                foreach (var (_, member, label) in votes[item.PredictionId])
                {
                    all[member] = label!;
                }

                item.Votes = JsonSerializer.Serialize(all, LabelJson.Default.SortedDictionaryStringString);
                item.Score = Informativeness.OfVotes(all.Values);
            }
        }

        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Lets candidates go that are too old, or neither informative nor drawn.</summary>
    private async Task TrimAsync(TrainingContext database, LabelQueueRow queue, LabelQueueDefinition definition, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - TimeSpan.FromHours(definition.ExpiryHours);
        var candidates = database.LabelItems.Where(i => i.QueueId == queue.Id && i.State == LabelItemState.Candidate);
        await candidates.Where(i => i.Time < oldest).ExecuteDeleteAsync(cancellationToken);
        if (await candidates.CountAsync(cancellationToken) <= definition.Candidates)
        {
            return;
        }

        var score = await candidates.OrderByDescending(i => i.Score).Skip(definition.Candidates - 1).Select(i => (double?)i.Score).FirstOrDefaultAsync(cancellationToken);
        var chance = await candidates.OrderBy(i => i.Chance).Skip(definition.Candidates - 1).Select(i => (double?)i.Chance).FirstOrDefaultAsync(cancellationToken);
        await candidates.Where(i => i.Score < score && i.Chance > chance).ExecuteDeleteAsync(cancellationToken);
        var surplus = await candidates.CountAsync(cancellationToken) - (2 * definition.Candidates);
        if (surplus > 0)
        {
            // Many equal scores: of these, chance decides.
            var gone = await candidates.Where(i => i.Score <= score && i.Chance > chance).OrderByDescending(i => i.Chance).Take(surplus).Select(i => i.PredictionId).ToListAsync(cancellationToken);
            foreach (var ids in gone.Chunk(Chunk))
            {
                await candidates.Where(i => ids.Contains(i.PredictionId)).ExecuteDeleteAsync(cancellationToken);
            }
        }
    }

    private LoggedBatch? Read(StoredEvent stored)
    {
        try
        {
            return LoggedBatch.Read(stored);
        }
        catch (FormatException error)
        {
            // Monitor keeps what can't be read; there is nothing here to label.
            LogUnreadable(stored.Partition, stored.Offset, error.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The predictions at partition {Partition}, offset {Offset} can't be read: {Reason}")]
    private partial void LogUnreadable(int partition, long offset, string reason);
}
