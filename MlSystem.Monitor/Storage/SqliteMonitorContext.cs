using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace MlSystem.Monitor.Storage;

/// <summary>The embedded form.</summary>
public sealed class SqliteMonitorContext(DbContextOptions<SqliteMonitorContext> options) : MonitorContext(options);

/// <summary>For <c>dotnet ef</c> only.</summary>
internal sealed class SqliteMonitorContextFactory : IDesignTimeDbContextFactory<SqliteMonitorContext>
{
    public SqliteMonitorContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteMonitorContext>().UseSqlite("Data Source=design.db").Options);
}
