using System.Globalization;
using MlSystem.Training.Clients;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Triggers;

/// <summary>New labelled predictions, new rows of a feature view, or hours since the last run.</summary>
public sealed class DataTriggers(TriggerGate gate, MonitorClient monitor, FeaturesClient features, TimeProvider time)
{
    public async Task TickAsync(PipelineView pipeline, TriggerSpec trigger, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var last = await gate.LastRunAsync(pipeline.Name, cancellationToken);
        if (trigger.Hours is { } hours && (last ?? pipeline.CreatedAt).AddHours(hours) <= now)
        {
            var since = last is { } run ? $"since the last run, asked for {run.UtcDateTime:O}" : "since the pipeline was defined";
            await gate.FireAsync(
                pipeline, trigger, $"hours:{(last ?? pipeline.CreatedAt).UtcDateTime:O}", string.Create(CultureInfo.InvariantCulture, $"{hours} hours {since}"), cancellationToken, asksAgain: true);
        }
        else if (trigger.Rows is { } rows)
        {
            await CountAsync(pipeline, trigger, rows, last, now, cancellationToken);
        }
    }

    private async Task CountAsync(PipelineView pipeline, TriggerSpec trigger, long rows, DateTimeOffset? last, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (what, count) = trigger.Endpoint is { } endpoint
            ? ($"labelled predictions of endpoint {endpoint}", await monitor.CountLabelledAsync(endpoint, cancellationToken))
            : ($"rows of feature view {trigger.FeatureView}", await features.CountRowsAsync(trigger.FeatureView!, cancellationToken));
        var row = await gate.FindAsync(pipeline.Name, trigger.Name, cancellationToken);

        // Counting begins anew with every run, whoever asked for it, and where retention has taken rows away.
        if (row is null || last > row.Since || count < row.Counted)
        {
            await gate.RememberAsync(pipeline, trigger, kept => (kept.Since, kept.Counted) = (now, count), cancellationToken);
        }
        else if (count - row.Counted >= rows)
        {
            await gate.FireAsync(
                pipeline, trigger, string.Create(CultureInfo.InvariantCulture, $"rows:{row.Since.UtcDateTime:O}"),
                string.Create(CultureInfo.InvariantCulture, $"{count - row.Counted} new {what} since {row.Since.UtcDateTime:O} ({row.Counted} then, {count} now)"), cancellationToken, asksAgain: true,
                change: (kept, started) => (kept.Since, kept.Counted) = started ? (now, count) : (kept.Since, kept.Counted));
        }
    }
}
