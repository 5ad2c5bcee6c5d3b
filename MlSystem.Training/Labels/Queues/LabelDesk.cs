using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Labels.Storage;
using MlSystem.Training.Runs;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Labels.Queues;

/// <summary>
/// Gives items to annotators and settles them. Every call locks its queue's row first, so that of several calls at a time
/// each sees what the one before has done; the feedback of a settled item is written with it.
/// </summary>
internal sealed class LabelDesk(IDbContextFactory<TrainingContext> contexts, RunSignal signal, TimeProvider time)
{
    /// <summary>Items for an annotator: open ones that need more labels first, then new ones while the budget lasts. Null: there is no such queue.</summary>
    public Task<LabelItemList?> NextAsync(string queue, NextRequest request, CancellationToken cancellationToken) => InQueueAsync(queue, async (context, row) =>
    {
        var definition = LabelQueues.Definition(row);
        var now = time.GetUtcNow();
        var until = now + TimeSpan.FromSeconds(definition.LeaseSeconds);
        var items = await OpenAsync(context, row, definition, request, now, cancellationToken);
        var budget = Math.Min(request.Count - items.Count, (definition.Budget ?? int.MaxValue) - row.Served);
        items.AddRange(await NewItems.TakeAsync(context, row, definition, budget, now, cancellationToken));
        foreach (var item in items)
        {
            item.State = LabelItemState.Open;
            await LeaseAsync(context, item, request.Annotator, until, cancellationToken);
        }

        return items.Count == 0 ? new LabelItemList([]) : new LabelItemList([.. items.Select(i => LabelQueues.View(i))], until);
    }, cancellationToken);

    /// <returns>The item, or why the label is not accepted; both null: there is no such queue.</returns>
    public Task<(LabelItemView? Item, string? Refusal)> SubmitAsync(string queue, SubmitRequest request, CancellationToken cancellationToken) =>
        AnswerAsync(queue, request.Annotator, request.Item, answer => (answer.Label, answer.Skipped) = (request.Label.GetRawText(), false), request.Label, cancellationToken);

    /// <inheritdoc cref="SubmitAsync"/>
    public Task<(LabelItemView? Item, string? Refusal)> SkipAsync(string queue, SkipRequest request, CancellationToken cancellationToken) =>
        AnswerAsync(queue, request.Annotator, request.Item, answer => (answer.Label, answer.Skipped) = (null, true), null, cancellationToken);

    /// <summary>Decides an item about which the annotators disagree.</summary>
    /// <inheritdoc cref="SubmitAsync"/>
    public async Task<(LabelItemView? Item, string? Refusal)> AdjudicateAsync(string queue, SubmitRequest request, CancellationToken cancellationToken) => await InQueueAsync(queue, async (context, row) =>
    {
        var definition = LabelQueues.Definition(row);
        var item = await context.LabelItems.SingleOrDefaultAsync(i => i.QueueId == row.Id && i.PredictionId == request.Item, cancellationToken);
        if (item?.State != LabelItemState.Conflict)
        {
            return ((LabelItemView?)null, (string?)$"Item '{request.Item}' {(item is null ? "is not in this queue" : $"is {item.State}")}; only one in conflict is decided.");
        }

        if (Refusal(definition, request.Label) is { } refusal)
        {
            return ((LabelItemView?)null, (string?)refusal);
        }

        Settle(context, definition, item, LabelItemState.Adjudicated, request.Label.GetRawText());
        return ((LabelItemView?)LabelQueues.View(item), (string?)null);
    }, cancellationToken);

    private async Task<(LabelItemView? Item, string? Refusal)> AnswerAsync(
        string queue, string annotator, string id, Action<LabelAnswerRow> set, JsonElement? label, CancellationToken cancellationToken) => await InQueueAsync(queue, async (context, row) =>
    {
        var definition = LabelQueues.Definition(row);
        var item = await context.LabelItems.SingleOrDefaultAsync(i => i.QueueId == row.Id && i.PredictionId == id, cancellationToken);
        var answers = await context.LabelAnswers.Where(a => a.QueueId == row.Id && a.PredictionId == id).ToListAsync(cancellationToken);
        var answer = answers.Find(a => a.Annotator == annotator);
        if (item is null || answer is null)
        {
            return ((LabelItemView?)null, (string?)$"Item '{id}' was not given to '{annotator}'; ask for the next items first.");
        }

        if (item.State != LabelItemState.Open)
        {
            return ((LabelItemView?)null, (string?)$"Item '{id}' is {item.State} already.");
        }

        if (label is { } given && Refusal(definition, given) is { } refusal)
        {
            return ((LabelItemView?)null, (string?)refusal);
        }

        set(answer);
        Judge(context, definition, item, answers);
        return ((LabelItemView?)LabelQueues.View(item), (string?)null);
    }, cancellationToken);

    private void Judge(TrainingContext context, LabelQueueDefinition definition, LabelItemRow item, List<LabelAnswerRow> answers)
    {
        var labels = answers.Where(a => a.Label is not null).CountBy(a => a.Label!, StringComparer.Ordinal).OrderByDescending(l => l.Value).ToList();
        var given = labels.Sum(l => l.Value);
        if (given > 0 && labels[0].Value >= definition.Agreement)
        {
            Settle(context, definition, item, LabelItemState.Agreed, labels[0].Key);
        }
        else if (given > 0 && labels[0].Value + definition.Annotators - given < definition.Agreement)
        {
            item.State = LabelItemState.Conflict;
        }
        else if (answers.Count(a => a.Skipped) >= definition.Annotators && given == 0)
        {
            item.State = LabelItemState.Skipped;
        }
    }

    private void Settle(TrainingContext context, LabelQueueDefinition definition, LabelItemRow item, string state, string label)
    {
        (item.State, item.Label) = (state, label);
        context.Outbox.Add(LabelFeedback.Of(definition.Endpoint, item.PredictionId, label, time.GetUtcNow()));
    }

    private static async Task<List<LabelItemRow>> OpenAsync(
        TrainingContext context, LabelQueueRow queue, LabelQueueDefinition definition, NextRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var answers = context.LabelAnswers.Where(a => a.QueueId == queue.Id);
        return await context.LabelItems.Where(i => i.QueueId == queue.Id && i.State == LabelItemState.Open)
            .Where(i => !answers.Any(a => a.PredictionId == i.PredictionId && a.Annotator == request.Annotator && (a.Label != null || a.Skipped)))
            .Where(i => answers.Count(a => a.PredictionId == i.PredictionId && a.Annotator != request.Annotator && (a.Label != null || (!a.Skipped && a.LeaseUntil > now))) < definition.Annotators)
            .OrderByDescending(i => i.Score).ThenBy(i => i.PredictionId).Take(request.Count).ToListAsync(cancellationToken);
    }

    private static async Task LeaseAsync(TrainingContext context, LabelItemRow item, string annotator, DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (await context.LabelAnswers.FindAsync([item.QueueId, item.PredictionId, annotator], cancellationToken) is { } held)
        {
            held.LeaseUntil = until;
        }
        else
        {
            context.LabelAnswers.Add(new LabelAnswerRow { QueueId = item.QueueId, PredictionId = item.PredictionId, Annotator = annotator, LeaseUntil = until });
        }
    }

    private static string? Refusal(LabelQueueDefinition definition, JsonElement label)
    {
        if (label.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False))
        {
            return "A label must be a string, a number or a boolean.";
        }

        var text = label.ValueKind == JsonValueKind.String ? label.GetString()! : label.GetRawText();
        return definition.Labels.Count == 0 || definition.Labels.Contains(text) ? null : $"'{text}' is no label of this queue; they are {string.Join(", ", definition.Labels)}.";
    }

    private async Task<T?> InQueueAsync<T>(string name, Func<TrainingContext, LabelQueueRow, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.LabelQueues.Where(q => q.Name == name).ExecuteUpdateAsync(set => set.SetProperty(q => q.Served, q => q.Served), cancellationToken) == 0)
        {
            return default;
        }

        var result = await work(context, await context.LabelQueues.SingleAsync(q => q.Name == name, cancellationToken));
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Pulse();
        return result;
    }
}
