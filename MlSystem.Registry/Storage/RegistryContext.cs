using System.Linq.Expressions;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Audit;

namespace MlSystem.Registry.Storage;

/// <summary>The registry's metadata; a derived context a provider, each with migrations of its own.</summary>
internal abstract class RegistryContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<Experiment> Experiments => Set<Experiment>();
    public DbSet<ExperimentTag> ExperimentTags => Set<ExperimentTag>();
    public DbSet<Run> Runs => Set<Run>();
    public DbSet<RunParam> RunParams => Set<RunParam>();
    public DbSet<RunTag> RunTags => Set<RunTag>();
    public DbSet<MetricPoint> MetricPoints => Set<MetricPoint>();
    public DbSet<LatestMetric> LatestMetrics => Set<LatestMetric>();
    public DbSet<ArtifactEntry> Artifacts => Set<ArtifactEntry>();
    public DbSet<BlobRow> Blobs => Set<BlobRow>();
    public DbSet<RegisteredModel> Models => Set<RegisteredModel>();
    public DbSet<RegisteredModelTag> ModelTags => Set<RegisteredModelTag>();
    public DbSet<FormerModelName> FormerModelNames => Set<FormerModelName>();
    public DbSet<ModelVersion> Versions => Set<ModelVersion>();
    public DbSet<ModelVersionTag> VersionTags => Set<ModelVersionTag>();
    public DbSet<ModelVersionFile> VersionFiles => Set<ModelVersionFile>();
    public DbSet<ModelAlias> Aliases => Set<ModelAlias>();
    public DbSet<ServingEndpoint> Endpoints => Set<ServingEndpoint>();
    public DbSet<EndpointRevision> EndpointRevisions => Set<EndpointRevision>();
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();
    public DbSet<Dataset> Datasets => Set<Dataset>();
    public DbSet<RunDataset> RunDatasets => Set<RunDataset>();
    public DbSet<RunDatasetTag> RunDatasetTags => Set<RunDatasetTag>();
    public DbSet<RunModel> RunModels => Set<RunModel>();
    public DbSet<LoggedModel> LoggedModels => Set<LoggedModel>();
    public DbSet<LoggedModelTag> LoggedModelTags => Set<LoggedModelTag>();
    public DbSet<LoggedModelParam> LoggedModelParams => Set<LoggedModelParam>();
    public DbSet<LoggedModelMetric> LoggedModelMetrics => Set<LoggedModelMetric>();
    public DbSet<Webhook> Webhooks => Set<Webhook>();
    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();
    public DbSet<Promotion> Promotions => Set<Promotion>();
    public DbSet<PromotionComment> PromotionComments => Set<PromotionComment>();
    public DbSet<RevisionVariant> RevisionVariants => Set<RevisionVariant>();
    public DbSet<VersionOrigin> VersionOrigins => Set<VersionOrigin>();
    public DbSet<LineageAlert> LineageAlerts => Set<LineageAlert>();
    public DbSet<LineageRun> LineageRuns => Set<LineageRun>();
    public DbSet<RejectedEvent> RejectedEvents => Set<RejectedEvent>();
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();
    public DbSet<AuditHead> AuditHeads => Set<AuditHead>();

    /// <summary>What this context has changed so far, for the audit.</summary>
    public AuditTrail Audit { get; } = new();

    /// <summary>Writes of one process wait for each other here instead of in the database's busy loop.</summary>
    public abstract bool SingleWriter { get; }

    /// <summary>Whether an error means that the same transaction may succeed when it is run again.</summary>
    public abstract bool IsConflict(Exception error);

    /// <summary>SQL LIKE without an escape character, with or without regard to case.</summary>
    public abstract Expression Like(Expression text, string pattern, bool ignoreCase);

    /// <summary>How many rows of so many columns one statement takes.</summary>
    public abstract int MaxRows(int columns);

    /// <summary>Rows as the source of an INSERT, with its parameters.</summary>
    public abstract (string Source, IReadOnlyList<object> Parameters) Rows(int columns, IReadOnlyList<object[]> rows);

    /// <summary>How many characters of a param's or tag's value are in the index; null for all of them.</summary>
    public abstract int? IndexedTextLength { get; }

    /// <summary>Takes the right to deliver the outbox until the transaction ends; false when another replica has it.</summary>
    public abstract Task<bool> TryLockOutboxAsync(CancellationToken cancellationToken);

    /// <summary>Writes an event together with the change that it tells of.</summary>
    public void Emit(string key, RegistryEvent change) => Outbox.Add(new OutboxMessage
    {
        EventId = change.EventId,
        Key = key,
        Payload = JsonSerializer.Serialize(change, ContractsJson.Default.RegistryEvent),
        CreatedAt = change.Time.ToUnixTimeMilliseconds(),
    });

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        var pending = Audit.BeforeSave(ChangeTracker);
        var saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        Audit.AfterSave(pending);
        return saved;
    }

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.AddInterceptors(BulkWriteGuard.Instance);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Experiment>().HasIndex(e => e.Name).IsUnique();
        modelBuilder.Entity<ExperimentTag>().HasKey(t => new { t.ExperimentId, t.Key });
        modelBuilder.Entity<ExperimentTag>().HasOne<Experiment>().WithMany().HasForeignKey(t => t.ExperimentId);
        modelBuilder.Entity<Run>().HasOne<Experiment>().WithMany().HasForeignKey(r => r.ExperimentId);
        // Newest first is the order of every search without another.
        modelBuilder.Entity<Run>().HasIndex(r => new { r.ExperimentId, r.StartTime, r.RunId }).IsDescending(false, true, false);
        modelBuilder.Entity<Run>().HasIndex(r => new { r.StartTime, r.RunId }).IsDescending(true, false);
        modelBuilder.Entity<RunParam>().HasKey(p => new { p.RunId, p.Key });
        modelBuilder.Entity<RunParam>().HasOne<Run>().WithMany().HasForeignKey(p => p.RunId);
        modelBuilder.Entity<RunTag>().HasKey(t => new { t.RunId, t.Key });
        modelBuilder.Entity<RunTag>().HasOne<Run>().WithMany().HasForeignKey(t => t.RunId);
        modelBuilder.Entity<MetricPoint>().HasKey(m => new { m.RunId, m.Key, m.Timestamp, m.Step, m.Value, m.IsNan });
        modelBuilder.Entity<MetricPoint>().HasOne<Run>().WithMany().HasForeignKey(m => m.RunId);
        modelBuilder.Entity<LatestMetric>().HasKey(m => new { m.RunId, m.Key });
        modelBuilder.Entity<LatestMetric>().HasOne<Run>().WithMany().HasForeignKey(m => m.RunId);
        modelBuilder.Entity<LatestMetric>().HasIndex(m => new { m.Key, m.Value });
        modelBuilder.Entity<ArtifactEntry>().HasKey(a => a.Path);
        modelBuilder.Entity<ArtifactEntry>().HasIndex(a => a.Folder);
        modelBuilder.Entity<ArtifactEntry>().HasIndex(a => a.Sha256);
        modelBuilder.Entity<BlobRow>().ToTable("blobs").HasKey(b => b.Sha256);
        InputEntities(modelBuilder);
        LoggedModelEntities(modelBuilder);
        ModelEntities(modelBuilder);
        WebhookEntities(modelBuilder);
        AuditEntities(modelBuilder);
        PromotionEntities(modelBuilder);
        ServingEntities(modelBuilder);
        LineageEntities(modelBuilder);
        UseSnakeCase(modelBuilder);
    }

    private static void InputEntities(ModelBuilder modelBuilder)
    {
        // 0, the default experiment, is a value like any other; EF Core would take it for one that is not set.
        modelBuilder.Entity<Dataset>().Property(d => d.ExperimentId).ValueGeneratedNever().HasSentinel(-1);
        modelBuilder.Entity<RunDataset>().Property(d => d.ExperimentId).HasSentinel(-1);
        modelBuilder.Entity<Dataset>().HasKey(d => new { d.ExperimentId, d.Name, d.Digest });
        modelBuilder.Entity<Dataset>().HasOne<Experiment>().WithMany().HasForeignKey(d => d.ExperimentId);
        modelBuilder.Entity<RunDataset>().HasKey(d => new { d.RunId, d.Name, d.Digest });
        modelBuilder.Entity<RunDataset>().HasOne<Run>().WithMany().HasForeignKey(d => d.RunId);
        modelBuilder.Entity<RunDataset>().HasOne<Dataset>().WithMany().HasForeignKey(d => new { d.ExperimentId, d.Name, d.Digest });
        modelBuilder.Entity<RunDatasetTag>().HasKey(t => new { t.RunId, t.Name, t.Digest, t.Key });
        modelBuilder.Entity<RunDatasetTag>().HasOne<RunDataset>().WithMany().HasForeignKey(t => new { t.RunId, t.Name, t.Digest });
        modelBuilder.Entity<RunModel>().HasKey(m => new { m.RunId, m.ModelId, m.IsOutput });
        modelBuilder.Entity<RunModel>().HasOne<Run>().WithMany().HasForeignKey(m => m.RunId);
    }

    private static void LoggedModelEntities(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<LoggedModel>().HasKey(m => m.ModelId);
        modelBuilder.Entity<LoggedModel>().HasOne<Experiment>().WithMany().HasForeignKey(m => m.ExperimentId);
        modelBuilder.Entity<LoggedModelTag>().HasKey(t => new { t.ModelId, t.Key });
        modelBuilder.Entity<LoggedModelTag>().HasOne<LoggedModel>().WithMany().HasForeignKey(t => t.ModelId);
        modelBuilder.Entity<LoggedModelParam>().HasKey(p => new { p.ModelId, p.Key });
        modelBuilder.Entity<LoggedModelParam>().HasOne<LoggedModel>().WithMany().HasForeignKey(p => p.ModelId);
        modelBuilder.Entity<LoggedModelMetric>().HasKey(m => new { m.ModelId, m.RunId, m.Key, m.DatasetName, m.DatasetDigest, m.Timestamp, m.Step });
        modelBuilder.Entity<LoggedModelMetric>().HasOne<LoggedModel>().WithMany().HasForeignKey(m => m.ModelId);
        modelBuilder.Entity<LoggedModelMetric>().HasOne<Run>().WithMany().HasForeignKey(m => m.RunId);
    }

    private static void WebhookEntities(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Webhook>().HasKey(w => w.WebhookId);
        modelBuilder.Entity<WebhookDelivery>().HasKey(d => d.DeliveryId);
        modelBuilder.Entity<WebhookDelivery>().HasOne<Webhook>().WithMany().HasForeignKey(d => d.WebhookId);
        modelBuilder.Entity<WebhookDelivery>().HasIndex(d => new { d.State, d.DueAt });
        modelBuilder.Entity<WebhookDelivery>().HasIndex(d => new { d.WebhookId, d.CreatedAt });
        modelBuilder.Entity<WebhookDelivery>().HasIndex(d => new { d.State, d.WebhookId, d.CreatedAt });
    }

    private static void AuditEntities(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<AuditEntry>().HasKey(e => e.Sequence);
        modelBuilder.Entity<AuditEntry>().Property(e => e.Sequence).ValueGeneratedNever();
        modelBuilder.Entity<AuditEntry>().HasIndex(e => new { e.Resource, e.Sequence });
        modelBuilder.Entity<AuditEntry>().HasIndex(e => new { e.Principal, e.Sequence });
        modelBuilder.Entity<AuditEntry>().HasIndex(e => new { e.Action, e.Sequence });
        modelBuilder.Entity<AuditEntry>().HasIndex(e => e.Time);
        modelBuilder.Entity<AuditHead>().ToTable("audit_head").HasKey(h => h.Id);
        modelBuilder.Entity<AuditHead>().Property(h => h.Id).ValueGeneratedNever();
        modelBuilder.Entity<AuditHead>().HasData(new AuditHead { Id = AuditHead.TheOne, Sequence = 0, Hash = AuditHash.Genesis });
    }

    private static void PromotionEntities(ModelBuilder modelBuilder)
    {
        // Without a foreign key to the model: what was decided stays, whatever becomes of the model.
        modelBuilder.Entity<Promotion>().HasKey(p => p.PromotionId);
        modelBuilder.Entity<Promotion>().HasIndex(p => new { p.Status, p.PromotionId });
        modelBuilder.Entity<Promotion>().HasIndex(p => new { p.Model, p.Version });
        modelBuilder.Entity<PromotionComment>().HasKey(c => new { c.PromotionId, c.Number });
        modelBuilder.Entity<PromotionComment>().HasOne<Promotion>().WithMany().HasForeignKey(c => c.PromotionId);
    }

    private static void ModelEntities(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RegisteredModel>().ToTable("registered_models").HasKey(m => m.ModelId);
        modelBuilder.Entity<RegisteredModel>().HasIndex(m => m.Name).IsUnique();
        modelBuilder.Entity<RegisteredModelTag>().ToTable("registered_model_tags").HasKey(t => new { t.ModelId, t.Key });
        modelBuilder.Entity<RegisteredModelTag>().HasOne<RegisteredModel>().WithMany().HasForeignKey(t => t.ModelId);
        modelBuilder.Entity<ModelVersion>().ToTable("model_versions").HasKey(v => new { v.ModelId, v.Version });
        modelBuilder.Entity<ModelVersion>().HasOne<RegisteredModel>().WithMany().HasForeignKey(v => v.ModelId);
        modelBuilder.Entity<ModelVersion>().HasIndex(v => v.RunId);
        modelBuilder.Entity<ModelVersion>().HasIndex(v => new { v.LastUpdatedTime, v.ModelId, v.Version }).IsDescending(true, false, true);
        modelBuilder.Entity<ModelVersion>().HasIndex(v => new { v.Status, v.ValidationClaimedUntil });
        modelBuilder.Entity<ModelVersionTag>().ToTable("model_version_tags").HasKey(t => new { t.ModelId, t.Version, t.Key });
        modelBuilder.Entity<ModelVersionTag>().HasOne<ModelVersion>().WithMany().HasForeignKey(t => new { t.ModelId, t.Version });
        modelBuilder.Entity<ModelVersionFile>().ToTable("model_version_files").HasKey(f => new { f.ModelId, f.Version, f.Path });
        modelBuilder.Entity<ModelVersionFile>().HasOne<ModelVersion>().WithMany().HasForeignKey(f => new { f.ModelId, f.Version });
        modelBuilder.Entity<ModelVersionFile>().HasIndex(f => f.Sha256);
        modelBuilder.Entity<ModelAlias>().ToTable("model_aliases").HasKey(a => new { a.ModelId, a.Alias });
        modelBuilder.Entity<ModelAlias>().HasOne<ModelVersion>().WithMany().HasForeignKey(a => new { a.ModelId, a.Version });
    }

    private static void ServingEntities(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ServingEndpoint>().HasKey(e => e.Name);
        modelBuilder.Entity<ServingEndpoint>().ToTable("endpoints");
        modelBuilder.Entity<EndpointRevision>().HasKey(r => new { r.Name, r.Revision });
        modelBuilder.Entity<EndpointRevision>().HasOne<ServingEndpoint>().WithMany().HasForeignKey(r => r.Name);
        modelBuilder.Entity<EndpointRevision>().HasIndex(r => new { r.Name, r.CreatedAt });
    }

    private static void LineageEntities(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RevisionVariant>().HasKey(v => new { v.Endpoint, v.Revision, v.Variant });
        modelBuilder.Entity<RevisionVariant>().HasOne<EndpointRevision>().WithMany().HasForeignKey(v => new { v.Endpoint, v.Revision });
        modelBuilder.Entity<RevisionVariant>().HasIndex(v => new { v.Model, v.Version });
        modelBuilder.Entity<VersionOrigin>().HasKey(o => new { o.ModelId, o.Version });
        modelBuilder.Entity<VersionOrigin>().HasOne<ModelVersion>().WithOne().HasForeignKey<VersionOrigin>(o => new { o.ModelId, o.Version });
        modelBuilder.Entity<VersionOrigin>().HasIndex(o => new { o.ModelId, o.ParentVersion });
        modelBuilder.Entity<VersionOrigin>().HasIndex(o => o.PipelineRunId);
        modelBuilder.Entity<VersionOrigin>().HasIndex(o => o.TriggerEvidence);
        // Without a foreign key: whose a record is stays to be told from when the model is gone.
        modelBuilder.Entity<FormerModelName>().HasKey(n => new { n.Name, n.Until });
        modelBuilder.Entity<FormerModelName>().HasIndex(n => n.ModelId);
        modelBuilder.Entity<LineageAlert>().HasKey(a => a.AlertId);
        modelBuilder.Entity<LineageAlert>().HasIndex(a => new { a.Model, a.Version });
        modelBuilder.Entity<LineageAlert>().HasIndex(a => new { a.Endpoint, a.Time });
        modelBuilder.Entity<LineageRun>().HasKey(r => r.RunId);
        modelBuilder.Entity<LineageRun>().HasIndex(r => r.TriggerEvidence);
        modelBuilder.Entity<RejectedEvent>().HasKey(e => new { e.Topic, e.Partition, e.Offset });
    }

    private static void UseSnakeCase(ModelBuilder modelBuilder)
    {
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            entity.SetTableName(JsonNamingPolicy.SnakeCaseLower.ConvertName(entity.GetTableName()!));
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
            }
        }
    }
}
