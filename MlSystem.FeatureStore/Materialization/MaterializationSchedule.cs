using Cronos;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>When a view is materialized. Times are UTC.</summary>
public static class MaterializationSchedule
{
    /// <summary>31 days.</summary>
    public const long MaxIntervalSeconds = 2_678_400;

    /// <summary>The latest due time after one moment and up to another; null: none.</summary>
    public static DateTimeOffset? LastDue(MaterializationDefinition schedule, DateTimeOffset after, DateTimeOffset until)
    {
        if (schedule.IntervalSeconds is { } seconds)
        {
            var interval = TimeSpan.FromSeconds(seconds).Ticks;
            var due = new DateTimeOffset(until.UtcTicks - ((until.UtcTicks - DateTime.UnixEpoch.Ticks) % interval), TimeSpan.Zero);
            return due > after ? due : null;
        }

        var cron = CronExpression.Parse(schedule.Cron!);
        DateTimeOffset? last = null;
        for (var next = cron.GetNextOccurrence(after, TimeZoneInfo.Utc); next <= until; next = cron.GetNextOccurrence(next.Value, TimeZoneInfo.Utc))
        {
            last = next;
        }

        return last;
    }

    /// <returns>What is wrong with a schedule, by member; empty: nothing.</returns>
    public static IEnumerable<(string Member, string Message)> Mistakes(MaterializationDefinition schedule)
    {
        if (schedule.Cron is null == schedule.IntervalSeconds is null)
        {
            yield return ("", "Either cron or interval_seconds is required.");
        }

        if (schedule.IntervalSeconds is < 1 or > MaxIntervalSeconds)
        {
            yield return (".interval_seconds", $"The interval must be from 1 to {MaxIntervalSeconds} seconds (31 days).");
        }

        if (schedule.Cron is { } cron && !CronExpression.TryParse(cron, out _))
        {
            yield return (".cron", $"'{cron}' is no cron expression of five fields (minute, hour, day of month, month, day of week; UTC).");
        }
    }
}
