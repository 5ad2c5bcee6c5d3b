using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Secrets;

namespace MlSystem.FeatureStore.Definitions.Storage;

/// <summary>Metadata of the feature store.</summary>
public abstract class FeatureStoreContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<DefinitionRow> Definitions => Set<DefinitionRow>();

    public DbSet<CatalogStateRow> CatalogStates => Set<CatalogStateRow>();

    public DbSet<ApplyRow> Applies => Set<ApplyRow>();

    public DbSet<MaterializationRow> Materializations => Set<MaterializationRow>();

    public DbSet<OfflineFileRow> OfflineFiles => Set<OfflineFileRow>();

    public DbSet<JobRow> Jobs => Set<JobRow>();

    public DbSet<SecretRow> Secrets => Set<SecretRow>();

    public DbSet<ErasedEntityRow> ErasedEntities => Set<ErasedEntityRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<DefinitionRow>(row =>
        {
            row.ToTable("definitions");
            row.HasKey(r => new { r.Kind, r.Name, r.Version });
            row.Property(r => r.Kind).HasMaxLength(32);
            row.Property(r => r.Name).HasMaxLength(200);
        });
        modelBuilder.Entity<CatalogStateRow>(row =>
        {
            row.ToTable("catalog_state");
            row.Property(r => r.Id).ValueGeneratedNever();
            row.Property(r => r.Revision).IsConcurrencyToken();
        });
        modelBuilder.Entity<ApplyRow>(row =>
        {
            row.ToTable("applies");
            row.HasKey(r => r.Revision);
            row.Property(r => r.Revision).ValueGeneratedNever();
        });
        modelBuilder.ApplyConfiguration(new OfflineFileRow.Configuration());
        modelBuilder.ApplyConfiguration(new JobRow.Configuration());
        modelBuilder.ApplyConfiguration(new SecretRow.Configuration());
        modelBuilder.ApplyConfiguration(new ErasedEntityRow.Configuration());
        modelBuilder.Entity<MaterializationRow>(row =>
        {
            row.ToTable("materializations");
            row.HasIndex(r => r.FeatureView);
            row.Property(r => r.FeatureView).HasMaxLength(200);
        });
    }
}

/// <summary>One version of one definition; rows are only ever added.</summary>
public sealed class DefinitionRow
{
    /// <summary>In place of a definition: with this version it went away.</summary>
    public const string Deletion = "null";

    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required int Version { get; init; }

    /// <summary>The definition in the form of <see cref="DefinitionsJson"/>, or <see cref="Deletion"/>.</summary>
    public required string Json { get; init; }

    /// <summary>The catalog revision that brought it.</summary>
    public required long Revision { get; init; }

    public bool IsDeletion => Json == Deletion;
}

/// <summary>The catalog's revision; its concurrency token makes applies happen one after the other.</summary>
public sealed class CatalogStateRow
{
    public int Id { get; init; } = 1;

    public long Revision { get; set; }
}

/// <summary>Who applied what.</summary>
public sealed class ApplyRow
{
    public required long Revision { get; init; }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    public required long AppliedAtUs { get; init; }

    public required string AppliedBy { get; init; }

    /// <summary>The plan as JSON.</summary>
    public required string Plan { get; init; }
}

/// <summary>A finished materialization of one view: offline rows with start &lt; event time ≤ end went online.</summary>
public sealed class MaterializationRow
{
    public long Id { get; init; }

    public required string FeatureView { get; init; }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z, exclusive.</summary>
    public required long StartUs { get; init; }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z, inclusive.</summary>
    public required long EndUs { get; init; }

    public required long CompletedAtUs { get; init; }

    public required long Rows { get; init; }
}

public sealed class SqliteFeatureStoreContext(DbContextOptions<SqliteFeatureStoreContext> options) : FeatureStoreContext(options)
{
    internal sealed class Factory : IDesignTimeDbContextFactory<SqliteFeatureStoreContext>
    {
        public SqliteFeatureStoreContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<SqliteFeatureStoreContext>().UseSqlite("Data Source=design.db").Options);
    }
}

public sealed class PostgresFeatureStoreContext(DbContextOptions<PostgresFeatureStoreContext> options) : FeatureStoreContext(options)
{
    internal sealed class Factory : IDesignTimeDbContextFactory<PostgresFeatureStoreContext>
    {
        public PostgresFeatureStoreContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<PostgresFeatureStoreContext>().UseNpgsql("Host=design").Options);
    }
}
