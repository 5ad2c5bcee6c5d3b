using Quartz;

namespace MlSystem.Training.Schedules;

/// <summary>Cron expressions: the five fields of Unix, and Quartz's six or seven, which begin with seconds.</summary>
public static class CronSchedule
{
    private const int UnixFields = 5;

    /// <summary>What is wrong with an expression, or null. One whose last year is over is wrong too.</summary>
    public static string? Problem(string cron, string timeZone, DateTimeOffset now)
    {
        try
        {
            return Parse(cron, timeZone).GetNextValidTimeAfter(now) is null ? $"'{cron}' has no time in the future" : null;
        }
        catch (Exception error) when (error is FormatException or ArgumentException or InvalidOperationException)
        {
            return $"'{cron}' is no cron expression (minute hour day month weekday): {error.Message}";
        }
    }

    /// <summary>The expression in its time zone.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static CronExpression Parse(string cron, string timeZone) =>
        CronExpression.Parse(cron, cron.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == UnixFields ? CronFormat.Unix : CronFormat.Quartz)
            .WithTimeZone(TimeZoneInfo.FindSystemTimeZoneById(timeZone));

    /// <summary>Times in (<paramref name="after"/>, <paramref name="until"/>], oldest first, at most <paramref name="limit"/>.</summary>
    public static IReadOnlyList<DateTimeOffset> Between(CronExpression cron, DateTimeOffset after, DateTimeOffset until, int limit)
    {
        List<DateTimeOffset> times = [];
        while (times.Count < limit && cron.GetNextValidTimeAfter(after) is { } next && next <= until)
        {
            times.Add(next);
            after = next;
        }

        return times;
    }
}
