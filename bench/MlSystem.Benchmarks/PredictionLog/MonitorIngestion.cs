using System.Data;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Monitor.History;
using MlSystem.Monitor.Ingestion;
using MlSystem.Monitor.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Benchmarks.PredictionLog;

/// <summary>Monitor's way of a prediction: event log → database and stage → Parquet, on SQLite as a standalone system has it.</summary>
internal sealed class MonitorIngestion : IDbContextFactory<MonitorContext>, IDisposable
{
    private readonly string _folder;
    private readonly JoinStore _join;
    private readonly HistoryWriter _writer;

    public MonitorIngestion(string folder)
    {
        _folder = folder;
        using var context = CreateDbContext();
        context.Database.Migrate();
        context.Database.ExecuteSqlRaw("PRAGMA journal_mode = WAL");
        _join = new JoinStore(this);
        _writer = new HistoryWriter(
            this, new HistoryFolder(Path.Combine(folder, "history"), TimeProvider.System), Options.Create(new HistoryOptions()), NullLogger<HistoryWriter>.Instance);
    }

    public MonitorContext CreateDbContext() =>
        new SqliteMonitorContext(new DbContextOptionsBuilder<SqliteMonitorContext>().UseSqlite($"Data Source={Path.Combine(_folder, "monitor.db")}").Options);

    public void Dispose() => _join.Dispose();

    /// <summary>Ingests as Monitor does now.</summary>
    public Task<long> IngestAsync(IEventLog log, long requests) => ReadAsync(log, "now", 64, requests, async events =>
    {
        var arrivals = events.Select(e => EventReader.Predictions(e, out var reason) ?? throw new InvalidDataException(reason)).ToList();
        await _join.AddPredictionsAsync(arrivals, [], CancellationToken.None);
        return arrivals.Sum(arrival => (long)arrival.Ids.Length);
    });

    /// <summary>Ingests single events as Monitor did before: every request an entity and a staged JSON row of its own.</summary>
    public Task<long> IngestSinglyAsync(IEventLog log, long requests) => ReadAsync(log, "before", 500, requests, async events =>
    {
        await using var context = CreateDbContext();
        await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.Serializable);
        var predictions = events.Select(e => JsonSerializer.Deserialize(e.Event.Value.Span, ContractsJson.Default.PredictionEvent)!).ToList();
        var ids = predictions.ConvertAll(p => p.RequestId);
        var known = (await context.Requests.Where(r => ids.Contains(r.RequestId)).Select(r => r.RequestId).ToListAsync()).ToHashSet(StringComparer.Ordinal);
        _ = await context.Outcomes.AsNoTracking().Where(o => ids.Contains(o.RequestId)).ToListAsync();
        foreach (var p in predictions.Where(p => !known.Contains(p.RequestId)))
        {
            var time = p.Time.ToUnixTimeMilliseconds();
            context.Requests.Add(new RequestRow { RequestId = p.RequestId, Endpoint = p.Endpoint, Model = p.Model, Version = p.Version, Variant = p.Variant, Role = p.Role, Time = time, Rows = p.Rows });
            context.Staged.Add(new StagedRow { Kind = HistoryKind.Predictions, Endpoint = p.Endpoint, Date = Arrival.Day(time), Payload = JsonSerializer.SerializeToUtf8Bytes(p, ContractsJson.Default.PredictionEvent) });
        }

        await context.SaveChangesAsync();
        await transaction.CommitAsync();
        return predictions.Count;
    });

    /// <summary>Writes everything that is staged to Parquet.</summary>
    public async Task FlushAsync()
    {
        while (await _writer.FlushAsync(CancellationToken.None))
        {
            // Until nothing is left.
        }
    }

    private static async Task<long> ReadAsync(IEventLog log, string group, int maxEvents, long requests, Func<IReadOnlyList<StoredEvent>, Task<long>> handle)
    {
        await using var consumer = log.Subscribe(Topics.Predictions, group);
        long done = 0;
        while (done < requests)
        {
            done += await handle(await consumer.ReadAsync(maxEvents, CancellationToken.None));
            await consumer.CommitAsync(CancellationToken.None);
        }

        return done;
    }
}
