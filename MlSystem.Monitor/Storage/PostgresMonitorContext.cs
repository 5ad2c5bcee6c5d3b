using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace MlSystem.Monitor.Storage;

/// <summary>The form for PostgreSQL.</summary>
public sealed class PostgresMonitorContext(DbContextOptions<PostgresMonitorContext> options) : MonitorContext(options);

/// <summary>For <c>dotnet ef</c> only.</summary>
internal sealed class PostgresMonitorContextFactory : IDesignTimeDbContextFactory<PostgresMonitorContext>
{
    public PostgresMonitorContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresMonitorContext>().UseNpgsql("Host=localhost;Database=design").Options);
}
