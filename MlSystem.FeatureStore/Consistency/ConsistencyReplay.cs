using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Secrets;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Replays the online reads that this replica has logged against the offline store.</summary>
public sealed partial class ConsistencyReplay : IJobHandler
{
    public const string JobKind = "consistency";
    private readonly ReadLogFiles _log;
    private readonly CatalogStore _catalog;
    private readonly OfflineProgress _progress;
    private readonly OfflineManifest _manifest;
    private readonly Spool _spool;
    private readonly SaltedHash _hash;
    private readonly FeatureStoreOptions _options;
    private readonly int _maxRows;
    private readonly ILogger<ConsistencyReplay> _logger;
    private readonly ConcurrentDictionary<string, double> _shares = new(StringComparer.Ordinal);

    public ConsistencyReplay(
        ReadLogFiles log, CatalogStore catalog, OfflineProgress progress, OfflineManifest manifest, Spool spool, SaltedHash hash,
        IOptions<FeatureStoreOptions> options, IOptions<ConsistencyOptions> consistency, IMeterFactory meters, ILogger<ConsistencyReplay> logger)
    {
        (_log, _catalog, _progress, _manifest, _spool, _hash) = (log, catalog, progress, manifest, spool, hash);
        (_options, _maxRows, _logger) = (options.Value, consistency.Value.MaxReplayedRows, logger);
        meters.Create(FeatureStoreMetrics.MeterName).CreateObservableGauge(
            "mlsystem.features.inconsistent_share", () => _shares.Select(share => new Measurement<double>(share.Value, new KeyValuePair<string, object?>("feature_view", share.Key))), null,
            "Share of the values of replayed online reads that differ from the offline join, by feature view, as of the last replay; 0 to 1.");
    }

    public string Kind => JobKind;

    public async Task RunAsync(JobRun job, CancellationToken cancellationToken)
    {
        var request = JsonSerializer.Deserialize(job.Request, ConsistencyJson.Default.ConsistencyRequest)!;
        await _progress.CatchUpAsync(cancellationToken);
        var known = (await _catalog.RefreshAsync(cancellationToken)).Views;
        var (reads, leftOut) = await ReadsAsync(request, known.ContainsKey, cancellationToken);
        var views = new List<ViewConsistency>();
        foreach (var (name, rows) in reads.OrderBy(view => view.Key, StringComparer.Ordinal).Where(view => known[view.Key].Definition.Offline))
        {
            var view = await CompareAsync(known[name], [.. rows], leftOut.GetValueOrDefault(name), cancellationToken);
            _shares[name] = view.Share;
            views.Add(view);
        }

        var report = ConsistencyReport.Of(views);
        await job.SaveAsync(JsonSerializer.Serialize(report, ConsistencyJson.Default.ConsistencyReport), cancellationToken);
        LogReplayed(report.Rows, report.Different, report.Values);
    }

    /// <summary>The newest logged rows of each view, as many as one replay takes.</summary>
    private async Task<(Dictionary<string, Queue<LoggedRead>> Reads, Dictionary<string, long> LeftOut)> ReadsAsync(
        ConsistencyRequest request, Func<string, bool> isKnown, CancellationToken cancellationToken)
    {
        var (reads, leftOut) = (new Dictionary<string, Queue<LoggedRead>>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal));
        await foreach (var read in _log.ReadAsync(request.FromUs, request.ToUs, cancellationToken))
        {
            if (!isKnown(read.View) || request.FeatureViews?.Contains(read.View, StringComparer.Ordinal) == false)
            {
                continue;
            }

            if (!reads.TryGetValue(read.View, out var rows))
            {
                reads[read.View] = rows = new Queue<LoggedRead>();
            }

            rows.Enqueue(read);
            if (rows.Count > _maxRows)
            {
                rows.Dequeue();
                leftOut[read.View] = leftOut.GetValueOrDefault(read.View) + 1;
            }
        }

        return (reads, leftOut);
    }

    private async Task<ViewConsistency> CompareAsync(FeatureView view, IReadOnlyList<LoggedRead> reads, long leftOut, CancellationToken cancellationToken)
    {
        using var snapshot = await _manifest.SnapshotAsync(view.Name, [new OfflineRange(To: OfflineStore.DateOf(reads.Max(read => read.ReadUs)))], cancellationToken);
        await using var connection = await DuckDb.OpenAsync(_spool.Folder, _options.HistoricalMemoryMiB, cancellationToken);
        var joined = await new ViewReplay(view, _hash).JoinAsync(connection, reads, snapshot.Paths, cancellationToken);
        var comparison = new ReadComparison(view, _hash);
        for (var i = 0; i < reads.Count; i++)
        {
            comparison.Add(reads[i], joined[i]);
        }

        return comparison.Result(reads.Count, leftOut);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Replayed {Rows} logged rows of online reads: {Different} of {Values} values differ from the offline join")]
    private partial void LogReplayed(long rows, long different, long values);
}
