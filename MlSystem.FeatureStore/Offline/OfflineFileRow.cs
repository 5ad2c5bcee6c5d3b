using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MlSystem.FeatureStore.Offline;

/// <summary>One Parquet file of the offline store, as its manifest has it. Times are microseconds since 1970-01-01T00:00:00Z.</summary>
public sealed class OfflineFileRow
{
    public long Id { get; init; }

    public required string FeatureView { get; init; }

    /// <summary>UTC date of the event times.</summary>
    public required DateOnly Date { get; init; }

    public required string Name { get; init; }

    /// <summary>Repeated deliveries included, unless the file is <see cref="Compacted"/>.</summary>
    public required long Rows { get; init; }

    public required long Bytes { get; init; }

    public required long MinEventUs { get; init; }

    public required long MaxEventUs { get; init; }

    /// <summary>When the event log took the file's first and last row.</summary>
    public required long MinLoggedUs { get; init; }

    public required long MaxLoggedUs { get; init; }

    /// <summary>Written by a compaction: sorted by join keys and event time, and without repeated rows.</summary>
    public required bool Compacted { get; init; }

    /// <summary>Column → statistics, as JSON.</summary>
    public required string Statistics { get; init; }

    public required long AddedAtUs { get; init; }

    /// <summary>When another file took over the rows; null while the file counts.</summary>
    public long? RemovedAtUs { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<OfflineFileRow>
    {
        public void Configure(EntityTypeBuilder<OfflineFileRow> builder)
        {
            builder.ToTable("offline_files");
            builder.Property(r => r.FeatureView).HasMaxLength(200);
            builder.Property(r => r.Name).HasMaxLength(100);
            builder.HasIndex(r => new { r.FeatureView, r.Date, r.Name }).IsUnique();
            builder.HasIndex(r => r.RemovedAtUs);
        }
    }
}
