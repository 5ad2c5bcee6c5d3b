using System.Data;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.Ingestion;

/// <summary>
/// Joins predictions and feedback by prediction id, in whatever order they come, and stages both for the history. A batch is
/// one serializable transaction: of a prediction and its feedback that arrive at once, the later sees the earlier. Everything
/// is keyed, so that a batch that comes again changes nothing.
/// </summary>
internal sealed class JoinStore(IDbContextFactory<MonitorContext> contexts) : IDisposable
{
    /// <summary>The two consumers of this process take turns instead of failing each other's transactions.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    public Task AddPredictionsAsync(IReadOnlyList<PredictionEvent> predictions, IReadOnlyList<RejectedRow> rejected, CancellationToken cancellationToken) =>
        WriteAsync(rejected, context => AddPredictionsAsync(context, predictions, cancellationToken), cancellationToken);

    public Task AddFeedbackAsync(IReadOnlyList<FeedbackEvent> feedback, IReadOnlyList<RejectedRow> rejected, CancellationToken cancellationToken) =>
        WriteAsync(rejected, context => AddFeedbackAsync(context, feedback, cancellationToken), cancellationToken);

    public void Dispose() => _turn.Dispose();

    private static async Task AddPredictionsAsync(MonitorContext context, IReadOnlyList<PredictionEvent> predictions, CancellationToken cancellationToken)
    {
        var batch = predictions.DistinctBy(p => p.RequestId).ToList();
        var ids = batch.ConvertAll(p => p.RequestId);
        var known = (await context.Requests.Where(r => ids.Contains(r.RequestId)).Select(r => r.RequestId).ToListAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var waiting = (await context.Outcomes.AsNoTracking().Where(o => ids.Contains(o.RequestId)).ToListAsync(cancellationToken)).ToLookup(o => o.RequestId);
        foreach (var prediction in batch.Where(p => !known.Contains(p.RequestId)))
        {
            var request = Request(prediction);
            context.Requests.Add(request);
            context.Staged.Add(Stage(HistoryKind.Predictions, request, JsonSerializer.SerializeToUtf8Bytes(prediction, ContractsJson.Default.PredictionEvent)));
            context.Staged.AddRange(waiting[request.RequestId].Where(o => o.Row < request.Rows).Select(o => Stage(request, o)));
        }
    }

    private static async Task AddFeedbackAsync(MonitorContext context, IReadOnlyList<FeedbackEvent> feedback, CancellationToken cancellationToken)
    {
        var ids = feedback.Select(f => f.RequestId).Distinct(StringComparer.Ordinal).ToList();
        var requests = await context.Requests.AsNoTracking().Where(r => ids.Contains(r.RequestId)).ToDictionaryAsync(r => r.RequestId, cancellationToken);
        var outcomes = await context.Outcomes.Where(o => ids.Contains(o.RequestId)).ToDictionaryAsync(o => (o.RequestId, o.Row), cancellationToken);
        var changed = new HashSet<OutcomeRow>();
        foreach (var item in feedback)
        {
            if (!outcomes.TryGetValue((item.RequestId, item.Row), out var outcome))
            {
                outcome = new OutcomeRow { RequestId = item.RequestId, Row = item.Row, Endpoint = item.Endpoint };
                outcomes[(item.RequestId, item.Row)] = outcome;
                context.Outcomes.Add(outcome);
            }

            if (LabelRecord.Merge(outcome, item))
            {
                changed.Add(outcome);
            }
        }

        context.Staged.AddRange(changed
            .Where(o => requests.TryGetValue(o.RequestId, out var request) && o.Row < request.Rows)
            .Select(o => Stage(requests[o.RequestId], o)));
    }

    private async Task WriteAsync(IReadOnlyList<RejectedRow> rejected, Func<MonitorContext, Task> change, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.Serializable, cancellationToken);
            await change(context);
            foreach (var row in rejected)
            {
                if (await context.Rejected.FindAsync([row.Topic, row.Partition, row.Offset], cancellationToken) is null)
                {
                    context.Rejected.Add(row);
                }
            }

            await context.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private static RequestRow Request(PredictionEvent prediction) => new()
    {
        RequestId = prediction.RequestId,
        Endpoint = prediction.Endpoint,
        Model = prediction.Model,
        Version = prediction.Version,
        Variant = prediction.Variant,
        Role = prediction.Role,
        Time = prediction.Time.ToUnixTimeMilliseconds(),
        Rows = prediction.Rows,
    };

    private static StagedRow Stage(RequestRow request, OutcomeRow outcome) =>
        Stage(HistoryKind.Labels, request, JsonSerializer.SerializeToUtf8Bytes(LabelRecord.Of(outcome), MonitorJson.Default.LabelRecord));

    private static StagedRow Stage(string kind, RequestRow request, byte[] payload) => new()
    {
        Kind = kind,
        Endpoint = request.Endpoint,
        Date = DateTimeOffset.FromUnixTimeMilliseconds(request.Time).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Payload = payload,
    };
}
