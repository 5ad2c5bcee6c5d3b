using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace MlSystem.Training.Storage;

/// <summary>Pipelines, the queue of runs, their steps and events, and the outbox.</summary>
public abstract class TrainingContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<PipelineRow> Pipelines => Set<PipelineRow>();

    public DbSet<RunRow> Runs => Set<RunRow>();

    public DbSet<StepRow> Steps => Set<StepRow>();

    public DbSet<RunEventRow> RunEvents => Set<RunEventRow>();

    public DbSet<OutboxRow> Outbox => Set<OutboxRow>();

    public DbSet<SampleRow> Samples => Set<SampleRow>();

    internal DbSet<Training.Learners.Storage.LearnerRecord> Learners => Set<Training.Learners.Storage.LearnerRecord>();

    internal DbSet<Training.Learners.Storage.LearnerStateRow> LearnerStates => Set<Training.Learners.Storage.LearnerStateRow>();

    internal DbSet<Training.Learners.Storage.LearnerSnapshotRow> LearnerSnapshots => Set<Training.Learners.Storage.LearnerSnapshotRow>();

    internal DbSet<Training.Learners.Storage.LearnerPendingRow> LearnerPending => Set<Training.Learners.Storage.LearnerPendingRow>();

    /// <summary>Times are stored as UTC milliseconds: both databases order and compare them.</summary>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<MillisecondsConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PipelineRow>(pipeline =>
        {
            pipeline.ToTable("pipelines");
            pipeline.HasKey(p => new { p.Name, p.Version });
        });
        modelBuilder.Entity<RunRow>(run =>
        {
            run.ToTable("runs");
            run.HasKey(r => r.Id);
            run.HasIndex(r => new { r.Pipeline, r.Id });
            run.HasIndex(r => new { r.State, r.Id });

            // The database itself lets at most one run of a pipeline run, whatever workers race for.
            run.HasIndex(r => r.Pipeline, "one_running_run_of_a_pipeline").IsUnique().HasFilter("\"State\" = 'running'");
        });
        modelBuilder.Entity<StepRow>(step =>
        {
            step.ToTable("steps");
            step.HasKey(s => new { s.RunId, s.Index });
        });
        modelBuilder.Entity<RunEventRow>(entry =>
        {
            entry.ToTable("run_events");
            entry.HasKey(e => new { e.RunId, e.Sequence });
        });
        modelBuilder.Entity<OutboxRow>(outbox =>
        {
            outbox.ToTable("outbox");
            outbox.HasKey(o => o.Id);
        });
        modelBuilder.Entity<SampleRow>(sample =>
        {
            sample.ToTable("samples");
            sample.HasKey(s => s.Name);
        });
        Training.Learners.Storage.LearnerTables.Configure(modelBuilder);
    }

    private sealed class MillisecondsConverter() : ValueConverter<DateTimeOffset, long>(
        time => time.ToUnixTimeMilliseconds(), milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
}

/// <summary>The SQLite form, with migrations of its own.</summary>
public sealed class SqliteTrainingContext(DbContextOptions<SqliteTrainingContext> options) : TrainingContext(options)
{
    /// <summary>For the migration tool.</summary>
    internal sealed class Design : IDesignTimeDbContextFactory<SqliteTrainingContext>
    {
        public SqliteTrainingContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<SqliteTrainingContext>().UseSqlite("Data Source=design.db").Options);
    }
}

/// <summary>The PostgreSQL form, with migrations of its own.</summary>
public sealed class PostgresTrainingContext(DbContextOptions<PostgresTrainingContext> options) : TrainingContext(options)
{
    /// <summary>For the migration tool.</summary>
    internal sealed class Design : IDesignTimeDbContextFactory<PostgresTrainingContext>
    {
        public PostgresTrainingContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<PostgresTrainingContext>().UseNpgsql("Host=localhost;Database=design").Options);
    }
}
