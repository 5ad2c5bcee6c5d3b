using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Monitor.History;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.Performance;

/// <summary>Counts what was seen and joined.</summary>
internal sealed class PerformanceReader(IDbContextFactory<MonitorContext> contexts, IOptions<HistoryOptions> history)
{
    /// <summary>Whether any prediction or feedback of the endpoint was seen.</summary>
    public async Task<bool> IsKnownAsync(string endpoint, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Requests.AnyAsync(r => r.Endpoint == endpoint, cancellationToken)
            || await context.Outcomes.AnyAsync(o => o.Endpoint == endpoint, cancellationToken);
    }

    public async Task<EndpointPerformance> PerformanceAsync(string endpoint, TimeRange range, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var (from, to) = (range.From?.ToUnixTimeMilliseconds() ?? long.MinValue, range.To?.ToUnixTimeMilliseconds() ?? long.MaxValue);
        var requests = context.Requests.Where(r => r.Endpoint == endpoint && r.Time >= from && r.Time < to);
        var seen = await requests
            .GroupBy(r => new { r.Model, r.Version, r.Variant, r.Role })
            .Select(g => new { g.Key, Requests = g.LongCount(), Predictions = g.Sum(r => (long)r.Rows), First = g.Min(r => r.Time), Last = g.Max(r => r.Time) })
            .ToListAsync(cancellationToken);
        var joined = await requests
            .Join(context.Outcomes, r => r.RequestId, o => o.RequestId, (r, o) => new { Request = r, Outcome = o })
            .Where(j => j.Outcome.Row < j.Request.Rows)
            .GroupBy(j => new { j.Request.Model, j.Request.Version, j.Request.Variant, j.Request.Role })
            .Select(g => new { g.Key, Joined = g.LongCount(), Labelled = g.Sum(j => j.Outcome.Label != null ? 1L : 0L), Rewarded = g.Sum(j => j.Outcome.Reward != null ? 1L : 0L) })
            .ToDictionaryAsync(g => g.Key, cancellationToken);
        var waiting = await context.Outcomes.LongCountAsync(o => o.Endpoint == endpoint && !context.Requests.Any(r => r.RequestId == o.RequestId), cancellationToken);
        var versions = seen.Select(group => new VersionPerformance
        {
            Model = group.Key.Model,
            Version = group.Key.Version,
            Variant = group.Key.Variant,
            Role = group.Key.Role,
            Requests = group.Requests,
            Predictions = group.Predictions,
            Joined = joined.GetValueOrDefault(group.Key)?.Joined ?? 0,
            Labelled = joined.GetValueOrDefault(group.Key)?.Labelled ?? 0,
            Rewarded = joined.GetValueOrDefault(group.Key)?.Rewarded ?? 0,
            FirstPredictionAt = DateTimeOffset.FromUnixTimeMilliseconds(group.First),
            LastPredictionAt = DateTimeOffset.FromUnixTimeMilliseconds(group.Last),
        });
        return new EndpointPerformance
        {
            Endpoint = endpoint,
            Versions = [.. versions.OrderBy(v => v.Model, StringComparer.Ordinal).ThenBy(v => v.Version).ThenBy(v => v.Variant, StringComparer.Ordinal).ThenBy(v => v.Role, StringComparer.Ordinal)],
            FeedbackWaiting = waiting,
        };
    }

    public async Task<MonitorList> MonitorsAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var seen = await context.Requests
            .GroupBy(r => r.Endpoint)
            .Select(g => new { Endpoint = g.Key, Requests = g.LongCount(), Predictions = g.Sum(r => (long)r.Rows), First = g.Min(r => r.Time), Last = g.Max(r => r.Time) })
            .ToListAsync(cancellationToken);
        var files = await context.Files
            .GroupBy(f => f.Endpoint)
            .Select(g => new { g.Key, Files = g.Count(), Bytes = g.Sum(f => f.SizeBytes) })
            .ToDictionaryAsync(g => g.Key, cancellationToken);
        return new MonitorList
        {
            Monitors = [.. seen.OrderBy(e => e.Endpoint, StringComparer.Ordinal).Select(e => new EndpointMonitor
            {
                Endpoint = e.Endpoint,
                Requests = e.Requests,
                Predictions = e.Predictions,
                FirstPredictionAt = DateTimeOffset.FromUnixTimeMilliseconds(e.First),
                LastPredictionAt = DateTimeOffset.FromUnixTimeMilliseconds(e.Last),
                HistoryFiles = files.GetValueOrDefault(e.Endpoint)?.Files ?? 0,
                HistoryBytes = files.GetValueOrDefault(e.Endpoint)?.Bytes ?? 0,
                RetentionDays = history.Value.RetentionDays,
            })],
        };
    }
}
