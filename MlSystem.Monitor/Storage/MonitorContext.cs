using Microsoft.EntityFrameworkCore;

namespace MlSystem.Monitor.Storage;

/// <summary>Monitor's durable state.</summary>
public abstract class MonitorContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<RequestRow> Requests => Set<RequestRow>();

    public DbSet<ServedCountRow> ServedCounts => Set<ServedCountRow>();

    public DbSet<OutcomeRow> Outcomes => Set<OutcomeRow>();

    public DbSet<StagedRow> Staged => Set<StagedRow>();

    public DbSet<HistoryFileRow> Files => Set<HistoryFileRow>();

    public DbSet<RejectedRow> Rejected => Set<RejectedRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RequestRow>(request =>
        {
            request.ToTable("requests").HasKey(r => r.RequestId);
            request.HasIndex(r => new { r.Endpoint, r.Time });
        });
        modelBuilder.Entity<ServedCountRow>(count =>
        {
            count.ToTable("served_counts").HasKey(c => new { c.Endpoint, c.Revision, c.Model, c.Version, c.Variant, c.Role });
            count.HasIndex(c => new { c.Model, c.Version });
        });
        modelBuilder.Entity<OutcomeRow>(outcome =>
        {
            outcome.ToTable("outcomes").HasKey(o => new { o.RequestId, o.Row });
            outcome.HasIndex(o => o.Endpoint);
        });
        modelBuilder.Entity<StagedRow>(staged =>
        {
            staged.ToTable("staged").HasKey(s => s.Id);
            staged.Property(s => s.Rows).HasDefaultValue(1L).HasSentinel(1L);
            staged.Property(s => s.Bytes).HasDefaultValue(0L);

            // How much is waiting is asked every second: without reading a payload.
            staged.HasIndex(s => new { s.Id, s.Rows, s.Bytes });
        });
        modelBuilder.Entity<HistoryFileRow>(file =>
        {
            file.ToTable("history_files").HasKey(f => f.Id);
            file.HasIndex(f => f.Path).IsUnique();
            file.HasIndex(f => new { f.Endpoint, f.Date });
        });
        modelBuilder.Entity<RejectedRow>(rejected => rejected.ToTable("rejected_events").HasKey(r => new { r.Topic, r.Partition, r.Offset }));
    }
}
