using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MlSystem.FeatureStore.Jobs;

/// <summary>States of a job; only the first two can change.</summary>
public static class JobState
{
    public const string Queued = "queued";
    public const string Running = "running";
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    public static IReadOnlyList<string> All { get; } = [Queued, Running, Succeeded, Failed, Cancelled];

    public static bool IsFinal(string state) => state is Succeeded or Failed or Cancelled;
}

/// <summary>Work that was promised and outlives the process. Times are microseconds since 1970-01-01T00:00:00Z.</summary>
public sealed class JobRow
{
    /// <summary>UUIDv7.</summary>
    public required string Id { get; init; }

    /// <summary>Which <see cref="IJobHandler"/> does it.</summary>
    public required string Kind { get; init; }

    public required string State { get; set; }

    /// <summary>At most one job has it, for instance the due time of a schedule; null is any number.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>What to do, as the handler's JSON.</summary>
    public required string Request { get; set; }

    /// <summary>How far it is, as the handler's JSON; null before it began.</summary>
    public string? Progress { get; set; }

    /// <summary>Why it failed, or, while it runs, why its last attempt did.</summary>
    public string? Error { get; set; }

    public required string CreatedBy { get; init; }

    public required long CreatedAtUs { get; init; }

    public long? StartedAtUs { get; set; }

    public long? FinishedAtUs { get; set; }

    public bool CancelRequested { get; set; }

    /// <summary>The process that runs it.</summary>
    public string? Owner { get; set; }

    /// <summary>After this another replica may take it over.</summary>
    public long? LeaseUntilUs { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<JobRow>
    {
        public void Configure(EntityTypeBuilder<JobRow> builder)
        {
            builder.ToTable("jobs");
            builder.Property(r => r.Id).HasMaxLength(36);
            builder.Property(r => r.Kind).HasMaxLength(32);
            builder.Property(r => r.State).HasMaxLength(16);
            builder.Property(r => r.UniqueKey).HasMaxLength(300);
            builder.HasIndex(r => r.UniqueKey).IsUnique();
            builder.HasIndex(r => new { r.Kind, r.State });
        }
    }
}
