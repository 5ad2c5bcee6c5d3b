using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Storage;

/// <summary>Databases from before the ledger of contents, lineage, webhook lanes and search indexes, with rows in them.</summary>
public sealed class MigrationTests
{
    private const string Before = "Promotions";

    [Fact]
    public async Task Rows_on_SQLite_are_taken_along()
    {
        await using var app = new RegistryApp();
        var folder = Directory.CreateDirectory(Path.Combine(app.DataFolder, "registry"));
        var connection = $"Data Source={Path.Combine(folder.FullName, "metadata.db")};Pooling=false";
        await using (var db = new SqliteRegistryContext(new DbContextOptionsBuilder<SqliteRegistryContext>().UseSqlite(connection).Options))
        {
            await FillAsync(db);
        }

        await app.InitializeAsync();
        await AssertKeptAsync(app);
    }

    [Fact]
    public async Task Rows_on_PostgreSQL_are_taken_along()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        var connection = await server.CreateDatabaseAsync();
        await using (var db = new PostgresRegistryContext(new DbContextOptionsBuilder<PostgresRegistryContext>().UseNpgsql(connection).Options))
        {
            await FillAsync(db);
        }

        await using var app = await RegistryApp.StartAsync(null, ("ConnectionStrings:database", connection));
        await AssertKeptAsync(app);
    }

    private static async Task FillAsync(RegistryContext db)
    {
        await db.GetService<IMigrator>().MigrateAsync(Before);
        foreach (var statement in OldRows.Statements)
        {
            await db.Database.ExecuteSqlRawAsync(statement.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
        }
    }

    private static async Task AssertKeptAsync(RegistryApp app)
    {
        await using (var db = await app.Services.GetRequiredService<IDbContextFactory<RegistryContext>>().CreateDbContextAsync())
        {
            Assert.Equal([(OldRows.Model, 700L), (OldRows.Notes, 30L)], (await db.Blobs.OrderBy(b => b.Sha256).ToListAsync()).Select(b => (b.Sha256, b.SizeBytes)));
            Assert.Equal(
                [("churn", 1L, "champion", 1, "live", 1.0), ("churn", 2L, "champion", 1, "live", 0.9), ("churn", 2L, "new", 2, "live", 0.1)],
                (await db.RevisionVariants.OrderBy(v => v.Revision).ThenBy(v => v.Variant).ToListAsync()).Select(v => (v.Endpoint, v.Revision, v.Variant, v.Version, v.Role, v.Weight)));
            var origin = Assert.Single(await db.VersionOrigins.ToListAsync());
            Assert.Equal((2, 1, "pipeline-run-2", "alert-1"), (origin.Version, origin.ParentVersion, origin.PipelineRunId, origin.TriggerEvidence));
            Assert.Equal([("d-1", "delivered"), ("d-2", "failed")], (await db.WebhookDeliveries.OrderBy(d => d.DeliveryId).ToListAsync()).Select(d => (d.DeliveryId, d.State)));
        }

        // What is built on the new tables finds the old rows.
        var registry = app.Registry;
        var nodes = (await registry.NativeAsync("/api/models/churn/versions/2/lineage")).Ok().Body.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("id").GetString()).ToList();
        Assert.Contains("version:churn/1", nodes);
        Assert.Contains("endpoint_revision:churn/2", nodes);
        Assert.Equal("w-1", (await registry.GetAsync("webhooks/w-1")).Ok().Body.GetProperty("webhook").GetProperty("webhook_id").GetString());
        var found = await registry.PostAsync("runs/search", new { experiment_ids = new[] { "7" }, filter = $"tags.note = '{OldRows.LongTag}'" });
        Assert.Equal("r-1", Assert.Single(found.Ok().Body.GetProperty("runs").EnumerateArray()).GetProperty("info").GetProperty("run_id").GetString());
        var version = await registry.ServableAsync("churn");
        Assert.Equal(3, version);
        Assert.True((await registry.NativeAsync("/api/audit/verify")).Ok().Body.GetProperty("valid").GetBoolean());
    }
}
