using MlSystem.Contracts;
using MlSystem.Training.Schedules;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Sections <c>triggers</c> and <c>budget</c>: what starts runs by itself, and how many.</summary>
internal static class TriggerReader
{
    private const double Day = 24 * 3600;

    public static IReadOnlyList<TriggerSpec> Read(Section root, string pipeline, DateTimeOffset now)
    {
        TriggerSpec[] triggers = [.. root.Objects("triggers").Select(section => ReadOne(section, pipeline, now))];
        foreach (var twice in triggers.CountBy(t => t.Name, StringComparer.Ordinal).Where(c => c.Value > 1))
        {
            root.Error("triggers", $"has two named '{twice.Key}'; give each a name of its own");
        }

        return triggers;
    }

    public static BudgetSpec? ReadBudget(Section? section)
    {
        if (section is null)
        {
            return null;
        }

        var budget = new BudgetSpec
        {
            RunsPerDay = (int?)section.Integer("runs_per_day", 1, 10_000),
            MinutesPerDay = section.Number("minutes_per_day", v => v is > 0 and <= 1_000_000, "above 0 and at most 1000000"),
        };
        section.RefuseUnknown();
        return budget;
    }

    private static TriggerSpec ReadOne(Section section, string pipeline, DateTimeOffset now)
    {
        var kind = section.OneOf("kind", [.. TriggerKind.All]);
        var spec = new TriggerSpec
        {
            Name = section.Text("name", kind)!,
            Kind = kind,
            DebounceSeconds = section.Number("debounce_seconds", v => v is >= 0 and <= Day, "from 0 to 86400") ?? 0,
            CooldownSeconds = section.Number("cooldown_seconds", v => v is >= 0 and <= 366 * Day, "from 0 to 31622400 (a year)") ?? 0,
        };
        spec = kind switch
        {
            TriggerKind.Cron => ReadCron(section, spec, now),
            TriggerKind.Drift => ReadDrift(section, spec),
            TriggerKind.NewData => ReadNewData(section, spec),
            TriggerKind.Upstream => ReadUpstream(section, spec, pipeline),
            _ => spec,
        };
        section.RefuseUnknown();
        return spec;
    }

    private static TriggerSpec ReadCron(Section section, TriggerSpec spec, DateTimeOffset now)
    {
        spec = spec with
        {
            Cron = section.RequiredText("cron"),
            TimeZone = section.Text("time_zone", "UTC")!,
            Misfire = section.OneOf("misfire", [.. MisfirePolicy.All], MisfirePolicy.RunOnce),
        };
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(spec.TimeZone, out _))
        {
            section.Error("time_zone", $"must be the IANA name of a time zone (Europe/Berlin, UTC …), not '{spec.TimeZone}'");
        }
        else if (spec.Cron.Length > 0 && CronSchedule.Problem(spec.Cron, spec.TimeZone, now) is { } problem)
        {
            section.Error("cron", problem);
        }

        return spec;
    }

    private static TriggerSpec ReadDrift(Section section, TriggerSpec spec) => spec with
    {
        Endpoint = section.RequiredText("endpoint"),
        Alerts = section.Texts("alerts") ?? [],
        Severity = section.Value("severity") is null ? null : section.OneOf("severity", [AlertSeverity.Warning, AlertSeverity.Critical]),
    };

    private static TriggerSpec ReadNewData(Section section, TriggerSpec spec)
    {
        spec = spec with
        {
            Endpoint = section.Text("endpoint"),
            FeatureView = section.Text("feature_view"),
            Rows = section.Integer("rows", 1, long.MaxValue),
            Hours = section.Number("hours", v => v is > 0 and <= 24 * 366, "above 0 and at most 8784"),
        };
        if (spec is { Rows: null, Hours: null })
        {
            section.Error(null, "needs rows, hours or both");
        }

        if (spec.Rows is not null && (spec.Endpoint is null) == (spec.FeatureView is null))
        {
            section.Error("rows", "needs exactly one of endpoint (labelled predictions) and feature_view to count");
        }

        return spec;
    }

    private static TriggerSpec ReadUpstream(Section section, TriggerSpec spec, string pipeline)
    {
        spec = spec with { Pipeline = section.RequiredText("pipeline") };
        if (spec.Pipeline == pipeline)
        {
            section.Error("pipeline", "must be another pipeline");
        }

        return spec;
    }
}
