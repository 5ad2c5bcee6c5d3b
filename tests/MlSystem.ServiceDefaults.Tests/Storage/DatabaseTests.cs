using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.Storage;

public sealed class DatabaseTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Database => Path.Combine(_folder["features"], "metadata.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("journal_mode", "wal")]
    [InlineData("synchronous", "2")]
    [InlineData("busy_timeout", "30000")]
    [InlineData("foreign_keys", "1")]
    public async Task Every_sqlite_connection_is_durable_and_patient(string pragma, string value)
    {
        await using var service = await StartAsync();
        await using var context = await service.Services.GetRequiredService<IDbContextFactory<Notes>>().CreateDbContextAsync();
        await context.Database.OpenConnectionAsync();
        await using var command = context.Database.GetDbConnection().CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";
        Assert.Equal(value, Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_migration_lock_left_by_a_killed_process_is_cleared()
    {
        await using (await StartAsync())
        {
        }

        await ExecuteAsync("INSERT INTO \"__EFMigrationsLock\" (\"Id\", \"Timestamp\") VALUES (1, '2026-01-01')");
        await using var service = await StartAsync();
        Assert.Contains("\"database\",\"status\":\"healthy\"", await service.Client.GetStringAsync("/health"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public async Task A_damaged_file_ends_the_start_and_is_left_as_it_is(int position)
    {
        await using (await StartAsync())
        {
            await ExecuteAsync("INSERT INTO note (text) SELECT hex(randomblob(1000)) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n)");
        }

        SqliteConnection.ClearAllPools();
        await ExecuteAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        var bytes = await File.ReadAllBytesAsync(Database);
        bytes.AsSpan(position, 2000).Fill(0xA5);
        await File.WriteAllBytesAsync(Database, bytes);

        await using var service = TestService.Create(builder => builder.AddDatabase<Notes, SqliteNotes, PostgresNotes>(), settings: ("MlSystem:DataDirectory", _folder.Path));
        var startup = service.Services.GetRequiredService<StartupRunner>();
        Assert.Equal(StartupFailureException.ExitCode, await service.Exit.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains(Database, startup.Failure?.Message);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Database));
    }

    [Fact]
    public async Task A_lost_database_degrades()
    {
        await using var service = await StartAsync();
        SqliteConnection.ClearAllPools();
        Directory.Move(_folder["features"], _folder["away"]);
        await service.WaitForAsync("degraded");
    }

    [Fact]
    public async Task PostgreSQL_is_waited_for_and_then_migrated()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var postgres = await PostgresServer.StartAsync();
        var connection = await postgres.CreateDatabaseAsync();
        await postgres.AllowConnectionsAsync(connection, false);
        await using var service = await TestService.StartAsync(
            builder => builder.AddDatabase<Notes, SqliteNotes, PostgresNotes>(), null, ("ConnectionStrings:database", connection), ("MlSystem:DataDirectory", _folder.Path));
        await service.WaitForAsync("\"pending\":[\"database\"]");
        await postgres.AllowConnectionsAsync(connection, true);
        await service.WaitForAsync("\"database\",\"status\":\"healthy\"");
        await using var context = await service.Services.GetRequiredService<IDbContextFactory<Notes>>().CreateDbContextAsync();
        Assert.IsType<PostgresNotes>(context);
        Assert.Equal(1, await context.Database.ExecuteSqlRawAsync("INSERT INTO note (text) VALUES ('x')"));
    }

    [Fact]
    public async Task Replicas_that_start_together_create_the_missing_PostgreSQL_database_once()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var postgres = await PostgresServer.StartAsync();
        var replicas = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => TestService.StartAsync(
            builder => builder.AddDatabase<Notes, SqliteNotes, PostgresNotes>(), null,
            ("ConnectionStrings:database", postgres.MissingDatabase()), ("MlSystem:DataDirectory", _folder[$"replica{i}"]))));
        try
        {
            foreach (var replica in replicas)
            {
                // Those that came second saw the creation fail, and tried again.
                await replica.WaitForAsync("\"database\",\"status\":\"healthy\"");
                await using var context = await replica.Services.GetRequiredService<IDbContextFactory<Notes>>().CreateDbContextAsync();
                Assert.Equal(1, await context.Database.ExecuteSqlRawAsync("INSERT INTO note (text) VALUES ('x')"));
            }
        }
        finally
        {
            foreach (var replica in replicas)
            {
                await replica.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task PostgreSQL_out_of_reach_is_an_error_of_the_database()
    {
        await using var service = TestService.Create(
            builder => builder.AddDatabase<Notes, SqliteNotes, PostgresNotes>(),
            settings: [("ConnectionStrings:database", $"Host=127.0.0.1;Port={FreePort.Next()};Database=x;Username=x;Password=x;Timeout=5"), ("MlSystem:DataDirectory", _folder.Path)]);
        await using var context = await service.Services.GetRequiredService<IDbContextFactory<Notes>>().CreateDbContextAsync();

        // The loops of the services survive errors of the database, and those only.
        await Assert.ThrowsAnyAsync<DbException>(() => context.Database.ExecuteSqlRawAsync("SELECT 1"));
        await Assert.ThrowsAnyAsync<DbException>(() => context.Database.SqlQueryRaw<int>("SELECT 1 AS \"Value\"").SingleAsync());
        await Assert.ThrowsAnyAsync<DbException>(() => context.Database.BeginTransactionAsync());
    }

    private async Task<TestService> StartAsync()
    {
        var service = await TestService.StartAsync(
            builder => builder.AddDatabase<Notes, SqliteNotes, PostgresNotes>(), null, ("MlSystem:DataDirectory", _folder.Path));
        await service.Services.GetRequiredService<StartupRunner>().WaitUntilReadyAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        return service;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Database};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A schema of one table, made by a migration.</summary>
internal abstract class Notes(DbContextOptions options) : DbContext(options);

internal sealed class SqliteNotes(DbContextOptions<SqliteNotes> options) : Notes(options);

internal sealed class PostgresNotes(DbContextOptions<PostgresNotes> options) : Notes(options);

[DbContext(typeof(SqliteNotes))]
[Migration("20260101000000_Initial")]
internal sealed class SqliteInitial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("CREATE TABLE note (text TEXT NOT NULL)");
}

[DbContext(typeof(PostgresNotes))]
[Migration("20260101000000_Initial")]
internal sealed class PostgresInitial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("CREATE TABLE note (text TEXT NOT NULL)");
}
