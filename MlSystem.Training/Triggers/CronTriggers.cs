using System.Globalization;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Schedules;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Triggers;

/// <summary>
/// Schedules. Each remembers in the database up to when its times were dealt with, so times that pass while nobody runs, or that the
/// clock jumps over, are found; and each time has a unique key, so that neither replicas nor a clock set back fire it twice.
/// </summary>
public sealed class CronTriggers(TriggerGate gate, TimeProvider time)
{
    /// <summary>Later than this a time counts as missed.</summary>
    private static readonly TimeSpan Threshold = TimeSpan.FromMinutes(1);

    /// <summary>Missed times looked at in one go.</summary>
    private const int Limit = 1000;

    public async Task TickAsync(PipelineView pipeline, TriggerSpec trigger, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var row = await gate.FindAsync(pipeline.Name, trigger.Name, cancellationToken);
        var due = CronSchedule.Between(CronSchedule.Parse(trigger.Cron!, trigger.TimeZone), Since(row, pipeline), now, Limit);
        if (due.Count == 0)
        {
            return;
        }

        var newest = due[^1];
        var onTime = now - newest <= Threshold;
        var missed = onTime ? due.Count - 1 : due.Count;
        var schedule = $"{trigger.Cron} ({trigger.TimeZone})";
        if (missed > 0 && trigger.Misfire == MisfirePolicy.Skip)
        {
            await gate.FireAsync(
                pipeline, trigger, $"missed:{Text(due[missed - 1])}", $"{schedule}, missed {missed} times from {Text(due[0])} to {Text(due[missed - 1])}", cancellationToken,
                refusal: "missed, and the misfire policy is skip", change: (kept, _) => kept.Since = due[missed - 1]);
            missed = 0;
            if (!onTime)
            {
                return;
            }
        }

        var evidence = $"{schedule}, due {Text(newest)}" + (missed > 0 ? string.Create(CultureInfo.InvariantCulture, $", {missed} missed since {Text(due[0])}") : "");
        await gate.FireAsync(pipeline, trigger, $"cron:{Text(newest)}", evidence, cancellationToken, change: (kept, _) => kept.Since = newest);
    }

    /// <summary>The next time; null when there is none.</summary>
    public DateTimeOffset? Next(TriggerSpec trigger) => CronSchedule.Parse(trigger.Cron!, trigger.TimeZone).GetNextValidTimeAfter(time.GetUtcNow());

    /// <summary>A schedule counts from when its version was stored: it cannot have missed anything before.</summary>
    private static DateTimeOffset Since(TriggerRow? row, PipelineView pipeline) => row is null || row.Since < pipeline.CreatedAt ? pipeline.CreatedAt : row.Since;

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
