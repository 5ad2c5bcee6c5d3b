namespace MlSystem.Training.Pipelines;

/// <summary>What starts runs of a pipeline by itself.</summary>
public sealed record TriggerSpec
{
    /// <summary>Unique within the pipeline; default the kind.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="TriggerKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Kind <c>cron</c>: five fields (minute hour day month weekday), or Quartz's six or seven beginning with seconds.</summary>
    public string? Cron { get; set; }

    /// <summary>Kind <c>cron</c>: IANA name of the time zone.</summary>
    public string TimeZone { get; set; } = "UTC";

    /// <summary>Kind <c>cron</c>: one of <see cref="MisfirePolicy"/>.</summary>
    public string Misfire { get; set; } = MisfirePolicy.RunOnce;

    /// <summary>Kinds <c>drift</c> and <c>new_data</c>: the endpoint whose alerts or labelled predictions count.</summary>
    public string? Endpoint { get; set; }

    /// <summary>Kind <c>drift</c>: kinds of alert; empty takes all that tell of drift.</summary>
    public IReadOnlyList<string> Alerts { get; set; } = [];

    /// <summary>Kind <c>drift</c>: <c>critical</c> leaves warnings out.</summary>
    public string? Severity { get; set; }

    /// <summary>Kind <c>new_data</c>: the feature view whose rows count, instead of an endpoint.</summary>
    public string? FeatureView { get; set; }

    /// <summary>Kind <c>new_data</c>: rows since the last run, at least 1.</summary>
    public long? Rows { get; set; }

    /// <summary>Kind <c>new_data</c>: hours since the last run, above 0; with <see cref="Rows"/> too, whichever comes first.</summary>
    public double? Hours { get; set; }

    /// <summary>Kind <c>upstream</c>: the pipeline whose successful runs start this one.</summary>
    public string? Pipeline { get; set; }

    /// <summary>Quiet time after the last event before a run starts, in seconds, 0 to a day: events that come together make one run.</summary>
    public double DebounceSeconds { get; set; }

    /// <summary>Shortest time since the pipeline's last run began, in seconds.</summary>
    public double CooldownSeconds { get; set; }
}

/// <summary>Kinds of trigger.</summary>
public static class TriggerKind
{
    public const string Cron = "cron";
    public const string Drift = "drift";
    public const string NewData = "new_data";
    public const string Upstream = "upstream";

    public static IReadOnlyList<string> All { get; } = [Cron, Drift, NewData, Upstream];
}

/// <summary>What becomes of times at which nobody could start a run.</summary>
public static class MisfirePolicy
{
    /// <summary>All that were missed make one run now.</summary>
    public const string RunOnce = "run_once";

    /// <summary>They are recorded as suppressed.</summary>
    public const string Skip = "skip";

    public static IReadOnlyList<string> All { get; } = [RunOnce, Skip];
}

/// <summary>What triggers may spend in a day (UTC); runs asked for by hand count too, but are not held back.</summary>
public sealed record BudgetSpec
{
    public int? RunsPerDay { get; set; }

    /// <summary>Summed run time in minutes.</summary>
    public double? MinutesPerDay { get; set; }
}
