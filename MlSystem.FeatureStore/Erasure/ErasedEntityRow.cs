using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>A tombstone: rows of an entity up to a time don't exist and don't come in again. The entity's key itself is not kept.</summary>
public sealed class ErasedEntityRow
{
    public long Id { get; init; }

    /// <summary>Name of the entity.</summary>
    public required string Entity { get; init; }

    /// <summary>Hash of the entity's name and its join keys' values.</summary>
    public required string KeyHash { get; init; }

    /// <summary>Rows with an event time up to this are erased; microseconds since 1970-01-01T00:00:00Z, as all below.</summary>
    public required long CutoffUs { get; set; }

    public required long ErasedAtUs { get; init; }

    /// <summary>After this it is forgotten: nothing that old is left anywhere.</summary>
    public required long ExpiresAtUs { get; init; }

    /// <summary>The erasure that made it.</summary>
    public required string JobId { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<ErasedEntityRow>
    {
        public void Configure(EntityTypeBuilder<ErasedEntityRow> builder)
        {
            builder.ToTable("erased_entities");
            builder.Property(r => r.Entity).HasMaxLength(200);
            builder.Property(r => r.KeyHash).HasMaxLength(64);
            builder.Property(r => r.JobId).HasMaxLength(36);
            builder.HasIndex(r => r.JobId).IsUnique();
        }
    }
}
