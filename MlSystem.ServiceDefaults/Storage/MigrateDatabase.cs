using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.Storage;

/// <summary>
/// Brings the schema to the newest migration before the service is ready. A PostgreSQL that does not answer is tried again;
/// a damaged SQLite file ends the process.
/// </summary>
internal sealed class MigrateDatabase<TContext>(IDbContextFactory<TContext> contexts) : IStartupTask
    where TContext : DbContext
{
    public string Name => "database";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (context.Database.GetDbConnection() is not SqliteConnection { DataSource: var path })
        {
            await context.Database.MigrateAsync(cancellationToken);
            return;
        }

        await SqliteFile.ThrowIfCorruptedAsync(path, cancellationToken);
        try
        {
            await SqliteFile.ClearStaleMigrationLockAsync(path, cancellationToken);
            await context.Database.MigrateAsync(cancellationToken);
        }
        catch (SqliteException error) when (SqliteFile.IsCorruption(error))
        {
            throw SqliteFile.Damaged(path, error.Message, error);
        }
    }
}
