using System.ComponentModel.DataAnnotations;

namespace MlSystem.Training.Learners;

/// <summary>How learners are run; section <c>Training:Learners</c>.</summary>
public sealed class LearnerOptions
{
    public const string Section = "Training:Learners";

    /// <summary>Learners that this process runs at most, 0 to 1,000; 0 only serves the API. Default 32.</summary>
    [Range(0, 1000)]
    public int MaxLearners { get; set; } = 32;

    /// <summary>How long a claim holds without a heartbeat, 1 second to 1 hour. Default 15 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often learners without an owner, commands and waiting snapshots are looked for, 50 ms to 1 minute. Default 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Rows in one request to <c>/api/learners/{l}/events</c>, 1 to 1,000,000. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxRowsPerRequest { get; set; } = 10_000;
}
