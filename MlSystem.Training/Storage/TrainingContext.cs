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

    public DbSet<LogRow> Logs => Set<LogRow>();

    public DbSet<TriggerRow> Triggers => Set<TriggerRow>();

    public DbSet<FiringRow> Firings => Set<FiringRow>();

    /// <summary>Whether this transaction may send what is in the outbox: one process at a time, so that events keep their order.</summary>
    public virtual Task<bool> TryLockOutboxAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    internal DbSet<Training.Labels.Storage.LabelQueueRow> LabelQueues => Set<Training.Labels.Storage.LabelQueueRow>();

    internal DbSet<Training.Labels.Storage.LabelItemRow> LabelItems => Set<Training.Labels.Storage.LabelItemRow>();

    internal DbSet<Training.Labels.Storage.LabelAnswerRow> LabelAnswers => Set<Training.Labels.Storage.LabelAnswerRow>();

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

            // The database itself lets no more runs of a pipeline run than may, whatever workers race for: each running one has a slot.
            run.Property(r => r.Concurrency).HasDefaultValue(1);
            run.HasIndex(r => new { r.Pipeline, r.Slot }, "running_runs_of_a_pipeline").IsUnique().HasFilter("\"State\" = 'running'");
        });
        modelBuilder.Entity<StepRow>(step =>
        {
            step.ToTable("steps");
            step.HasKey(s => new { s.RunId, s.Index });
            step.HasIndex(s => s.CacheKey);
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
        modelBuilder.ApplyConfiguration(new LogRow.Table()).ApplyConfiguration(new TriggerRow.Table()).ApplyConfiguration(new FiringRow.Table());
        modelBuilder.Entity<SampleRow>(sample =>
        {
            sample.ToTable("samples");
            sample.HasKey(s => s.Name);
        });
        Training.Learners.Storage.LearnerTables.Configure(modelBuilder);
        Training.Labels.Storage.LabelTables.Configure(modelBuilder);
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
    /// <summary>An advisory lock: PostgreSQL gives it back by itself when the holder dies.</summary>
    public override Task<bool> TryLockOutboxAsync(CancellationToken cancellationToken) =>
        Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(7306086967063732591) AS \"Value\"").SingleAsync(cancellationToken);

    /// <summary>For the migration tool.</summary>
    internal sealed class Design : IDesignTimeDbContextFactory<PostgresTrainingContext>
    {
        public PostgresTrainingContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<PostgresTrainingContext>().UseNpgsql("Host=localhost;Database=design").Options);
    }
}
