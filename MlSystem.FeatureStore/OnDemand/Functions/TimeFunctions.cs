using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>Times, always in UTC.</summary>
internal static class TimeFunctions
{
    private static readonly long FirstUs = UnixTime.Microseconds(DateTimeOffset.MinValue);
    private static readonly long LastUs = UnixTime.Microseconds(DateTimeOffset.MaxValue);

    public static IReadOnlyList<(string Name, Overload Overload)> All { get; } =
    [
        .. Part("year", time => time.Year), .. Part("month", time => time.Month), .. Part("day", time => time.Day), .. Part("hour", time => time.Hour),
        .. Part("minute", time => time.Minute), .. Part("second", time => time.Second), .. Part("day_of_year", time => time.DayOfYear),
        .. Part("day_of_week", IsoDayOfWeek),
        ("is_weekend", Overload.Of<Moment, bool>(time => IsoDayOfWeek(Utc(time)) >= 6)),
        ("seconds_between", Overload.Of<Moment, Moment, double>((from, to) => Seconds(from, to))),
        ("days_between", Overload.Of<Moment, Moment, double>((from, to) => Seconds(from, to) / 86_400)),
        ("add_seconds", Overload.Of<Moment, double, Moment>((time, seconds) => At(time.Us + (seconds * 1e6)))),
        ("epoch_seconds", Overload.Of<Moment, double>(time => time.Us / 1e6)),
        ("from_epoch_seconds", Overload.Of<double, Moment>(seconds => At(seconds * 1e6))),
        ("date_trunc", Overload.Of<string, Moment, Moment>(Truncate)),
    ];

    public static double Seconds(Moment from, Moment to) => (to.Us - from.Us) / 1e6;

    /// <summary>RFC 3339, as in rows.</summary>
    public static Maybe<Moment> Parse(string text) => ValueReader.Time(text, out var us) is null ? new Moment(us) : Maybe<Moment>.None;

    public static DateTime Utc(Moment time) => UnixTime.FromMicroseconds(time.Us).UtcDateTime;

    private static (string, Overload)[] Part(string name, Func<DateTime, int> part) => [(name, Overload.Of<Moment, long>(time => part(Utc(time))))];

    private static int IsoDayOfWeek(DateTime time) => time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek;

    private static Maybe<Moment> At(double us) => us >= FirstUs && us <= LastUs ? new Moment((long)Math.Round(us)) : Maybe<Moment>.None;

    private static Maybe<Moment> Truncate(string unit, Moment time)
    {
        var utc = Utc(time);
        DateTime? start = unit switch
        {
            "second" => utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerSecond)),
            "minute" => utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMinute)),
            "hour" => utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerHour)),
            "day" => utc.Date,
            "week" => utc.Date.Ticks / TimeSpan.TicksPerDay >= IsoDayOfWeek(utc) - 1 ? utc.Date.AddDays(1 - IsoDayOfWeek(utc)) : null,
            "month" => new DateTime(utc.Year, utc.Month, 1, 0, 0, 0, DateTimeKind.Utc),
            "year" => new DateTime(utc.Year, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            _ => null,
        };
        return start is { } found ? new Moment(UnixTime.Microseconds(new DateTimeOffset(found, TimeSpan.Zero))) : Maybe<Moment>.None;
    }
}
