using System.Data;
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

    public Task AddPredictionsAsync(IReadOnlyList<Arrival> arrivals, IReadOnlyList<RejectedRow> rejected, CancellationToken cancellationToken) =>
        WriteAsync(rejected, context => AddPredictionsAsync(context, arrivals, cancellationToken), cancellationToken);

    public Task AddFeedbackAsync(IReadOnlyList<FeedbackEvent> feedback, IReadOnlyList<RejectedRow> rejected, CancellationToken cancellationToken) =>
        WriteAsync(rejected, context => AddFeedbackAsync(context, feedback, cancellationToken), cancellationToken);

    public void Dispose() => _turn.Dispose();

    private static async Task AddPredictionsAsync(MonitorContext context, IReadOnlyList<Arrival> arrivals, CancellationToken cancellationToken)
    {
        foreach (var arrival in arrivals)
        {
            // An event that comes again brings nothing new and is staged already.
            if (await RequestInsert.InsertNewAsync(context, arrival, cancellationToken) > 0)
            {
                Stage(context, arrival);
                await ServedCounts.AddAsync(context, arrival, cancellationToken);
                await StageWaitingAsync(context, arrival, cancellationToken);
            }
        }
    }

    /// <summary>Once for each day that the requests came on: one, or two around midnight.</summary>
    private static void Stage(MonitorContext context, Arrival arrival)
    {
        var days = arrival.Times.Zip(arrival.Rows).GroupBy(request => Arrival.Day(request.First), request => (long)request.Second, StringComparer.Ordinal);
        foreach (var day in days)
        {
            context.Staged.Add(Stage(arrival.Kind, arrival.Endpoint, day.Key, arrival.Payload.ToArray(), day.Sum()));
        }
    }

    /// <summary>Outcomes that came before their predictions.</summary>
    private static async Task StageWaitingAsync(MonitorContext context, Arrival arrival, CancellationToken cancellationToken)
    {
        var places = new Dictionary<string, int>(arrival.Ids.Length, StringComparer.Ordinal);
        for (var i = 0; i < arrival.Ids.Length; i++)
        {
            places[arrival.Ids[i]] = i;
        }

        foreach (var outcome in await OutcomesAsync(context, arrival.Ids, cancellationToken))
        {
            if (places.TryGetValue(outcome.RequestId, out var i) && outcome.Row < arrival.Rows[i])
            {
                context.Staged.Add(Stage(arrival.Endpoint, arrival.Times[i], outcome));
            }
        }
    }

    /// <summary>
    /// All outcomes of the requests, and maybe others. SQLite compares texts as bytes, so the ids of one batch, made within a
    /// moment, are one short range of the key: one look instead of one for each request.
    /// </summary>
    private static Task<List<OutcomeRow>> OutcomesAsync(MonitorContext context, string[] ids, CancellationToken cancellationToken)
    {
        var outcomes = context.Outcomes.AsNoTracking();
        if (ids.Length == 1 || !context.Database.IsSqlite())
        {
            return outcomes.Where(o => ids.Contains(o.RequestId)).ToListAsync(cancellationToken);
        }

        var (first, last) = (ids.Min(StringComparer.Ordinal)!, ids.Max(StringComparer.Ordinal)!);
        return outcomes.Where(o => o.RequestId.CompareTo(first) >= 0 && o.RequestId.CompareTo(last) <= 0).ToListAsync(cancellationToken);
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
            .Select(o => Stage(requests[o.RequestId].Endpoint, requests[o.RequestId].Time, o)));
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

    private static StagedRow Stage(string endpoint, long time, OutcomeRow outcome) =>
        Stage(HistoryKind.Labels, endpoint, Arrival.Day(time), JsonSerializer.SerializeToUtf8Bytes(LabelRecord.Of(outcome), MonitorJson.Default.LabelRecord), 1);

    private static StagedRow Stage(string kind, string endpoint, string date, byte[] payload, long rows) => new()
    {
        Kind = kind,
        Endpoint = endpoint,
        Date = date,
        Payload = payload,
        Rows = rows,
        Bytes = payload.Length,
    };
}
