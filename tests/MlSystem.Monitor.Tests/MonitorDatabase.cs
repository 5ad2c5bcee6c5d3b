using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Monitor.History;
using MlSystem.Monitor.Ingestion;
using MlSystem.Monitor.Performance;
using MlSystem.Monitor.Storage;
using MlSystem.Testing;

namespace MlSystem.Monitor.Tests;

/// <summary>Monitor's parts in this process, on a real SQLite file and a clock that stands still.</summary>
internal sealed class MonitorDatabase : IDbContextFactory<MonitorContext>, IDisposable
{
    private readonly TempFolder _folder = new();

    public MonitorDatabase()
    {
        using (var context = CreateDbContext())
        {
            context.Database.Migrate();
        }

        var options = Options.Create(new HistoryOptions { RetentionDays = 30 });
        var folder = new HistoryFolder(_folder["history"], Time);
        Join = new JoinStore(this);
        Writer = new HistoryWriter(this, folder, options, Microsoft.Extensions.Logging.Abstractions.NullLogger<HistoryWriter>.Instance);
        Maintenance = new HistoryMaintenance(this, folder, options, Time);
        History = new HistoryReader(this, folder);
        Performance = new PerformanceReader(this, options);
        Folder = folder;
    }

    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    public JoinStore Join { get; }

    public HistoryWriter Writer { get; }

    public HistoryMaintenance Maintenance { get; }

    public HistoryReader History { get; }

    public PerformanceReader Performance { get; }

    public HistoryFolder Folder { get; }

    public MonitorContext CreateDbContext() =>
        new SqliteMonitorContext(new DbContextOptionsBuilder<SqliteMonitorContext>().UseSqlite($"Data Source={_folder["metadata.db"]};Pooling=false").Options);

    public void Dispose()
    {
        Join.Dispose();
        _folder.Dispose();
    }
}
