using Microsoft.EntityFrameworkCore;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.Storage;

/// <summary>Brings the schema to the newest migration before the service is ready.</summary>
internal sealed class MigrateDatabase<TContext>(IDbContextFactory<TContext> contexts) : IStartupTask
    where TContext : DbContext
{
    public string Name => "database";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Database.MigrateAsync(cancellationToken);
    }
}
