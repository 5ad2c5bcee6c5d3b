using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MlSystem.Training.Storage;

/// <summary>What a trigger has to remember.</summary>
public sealed class TriggerRow
{
    public required string Pipeline { get; init; }

    public required string Name { get; init; }

    public bool Paused { get; set; }

    /// <summary>Cron: everything up to here was dealt with. New data: when the counting began.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>New data: the count at <see cref="Since"/>.</summary>
    public long Counted { get; set; }

    /// <summary>An event waits until then for others to come.</summary>
    public DateTimeOffset? PendingUntil { get; set; }

    /// <summary>What is waiting.</summary>
    public string? PendingEvidence { get; set; }

    /// <summary>Counts changes, so that of two replicas one wins.</summary>
    public long Revision { get; set; }

    internal sealed class Table : IEntityTypeConfiguration<TriggerRow>
    {
        public void Configure(EntityTypeBuilder<TriggerRow> builder)
        {
            builder.ToTable("triggers");
            builder.HasKey(t => new { t.Pipeline, t.Name });
            builder.Property(t => t.Revision).IsConcurrencyToken();
        }
    }
}

/// <summary>A trigger's decision: a run, or the reason why there was none.</summary>
public sealed class FiringRow
{
    /// <summary>UUIDv7.</summary>
    public required string Id { get; init; }

    public required string Pipeline { get; init; }

    public required string Trigger { get; init; }

    public required string Kind { get; init; }

    /// <summary>What it was fired by: unique, so that nothing fires twice.</summary>
    public required string Key { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string Evidence { get; init; }

    /// <summary>Null when it was suppressed.</summary>
    public string? RunId { get; init; }

    /// <summary>Why it was suppressed.</summary>
    public string? Reason { get; init; }

    internal sealed class Table : IEntityTypeConfiguration<FiringRow>
    {
        public void Configure(EntityTypeBuilder<FiringRow> builder)
        {
            builder.ToTable("firings");
            builder.HasKey(f => f.Id);
            builder.HasIndex(f => new { f.Pipeline, f.Trigger, f.Key }).IsUnique();
            builder.HasIndex(f => new { f.Pipeline, f.Id });
        }
    }
}
