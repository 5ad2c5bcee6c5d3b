using System.ComponentModel.DataAnnotations;

namespace MlSystem.Training.Runs;

/// <summary>How runs are executed; section <c>Training</c>.</summary>
public sealed class RunOptions
{
    public const string Section = "Training";

    /// <summary>Runs executed at the same time by this process, 0 to 64; 0 only serves the API. Default 2.</summary>
    [Range(0, 64)]
    public int Workers { get; set; } = 2;

    /// <summary>How long a claim holds without a heartbeat, 1 second to 1 hour. Default 15 seconds; heartbeats come three times as often.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often an idle worker looks for runs that another process queued, 50 ms to 1 minute. Default 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Attempts of a step whose failure may pass (a service that cannot be reached or answers 429 or 5xx), 1 to 1000. Default 12, about three minutes with the default delays.</summary>
    [Range(1, 1000)]
    public int StepAttempts { get; set; } = 12;

    /// <summary>Wait before a step's second attempt, 1 ms to 1 minute; doubles each time. Default 0.5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Longest wait between attempts, 1 ms to 1 hour. Default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often triggers count new data, 1 second to 1 day. Default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DataTriggerInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long folders and logs of finished runs are kept where a pipeline says nothing else, 1 hour to 100 years. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "36500.00:00:00")]
    public TimeSpan KeepRuns { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a registered version may take to become servable, 1 second to 1 hour. Default 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ServableTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the feature store may take for a join, 1 second to 1 day. Default 30 minutes; afterwards the step is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>The folder below which pipelines may read files. Default <c>sources</c> in the data directory.</summary>
    public string? SourceDirectory { get; set; }

    /// <summary>The folder below which label files and samples lie. Default <c>samples</c> beside the program.</summary>
    [Required]
    public string SamplesDirectory { get; set; } = Path.Combine(AppContext.BaseDirectory, "samples");
}
