using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Keeps the metrics of freshness, and asks for a replay of the logged reads of each interval.</summary>
public sealed partial class FreshnessWatch : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
    private readonly CatalogStore _catalog;
    private readonly JobStore _jobs;
    private readonly IDbContextFactory<FeatureStoreContext> _contexts;
    private readonly long _intervalUs;
    private readonly TimeProvider _time;
    private readonly ILogger<FreshnessWatch> _logger;
    private volatile IReadOnlyList<(string View, long? NewestUs, long? MaterializedUs)> _views = [];
    private readonly Tombstones _tombstones;
    private readonly ErasedReads _erasedReads;
    private readonly ReadLogFiles _reads;
    private long _askedUs;
    private long _erased;

    public FreshnessWatch(
        CatalogStore catalog, JobStore jobs, IDbContextFactory<FeatureStoreContext> contexts, Tombstones tombstones, ErasedReads erasedReads, ReadLogFiles reads,
        IOptions<ConsistencyOptions> options, IMeterFactory meters, TimeProvider time, ILogger<FreshnessWatch> logger)
    {
        (_tombstones, _erasedReads, _reads) = (tombstones, erasedReads, reads);
        (_catalog, _jobs, _contexts, _time, _logger) = (catalog, jobs, contexts, time, logger);
        _intervalUs = options.Value.SampleShare == 0 ? 0 : options.Value.IntervalSeconds * 1_000_000;
        var meter = meters.Create(FeatureStoreMetrics.MeterName);
        meter.CreateObservableGauge("feast_feature_freshness_seconds", () => Ages(view => view.MaterializedUs, ("project", "mlsystem")), null, "Seconds since the end of the feature view's last materialization.");
        meter.CreateObservableGauge("mlsystem.features.newest_event_age_seconds", () => Ages(view => view.NewestUs), null, "Age of the newest event time of a feature view's rows in the offline store, in seconds.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _catalog.WaitUntilLoadedAsync(stoppingToken);
        while (true)
        {
            try
            {
                await LookAsync(stoppingToken);
                await AskAsync(stoppingToken);
                await RemoveErasedAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error);
            }

            await Task.Delay(Period, _time, stoppingToken);
        }
    }

    /// <summary>Reads of entities that were erased on another replica.</summary>
    private async Task RemoveErasedAsync(CancellationToken cancellationToken)
    {
        if (_tombstones.Generation is var generation && generation != _erased)
        {
            await _reads.RemoveAsync(_erasedReads.IsErased, cancellationToken);
            _erased = generation;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        var newest = await context.OfflineFiles.Where(file => file.RemovedAtUs == null).GroupBy(file => file.FeatureView)
            .Select(view => new { view.Key, Us = view.Max(file => file.MaxEventUs) }).ToDictionaryAsync(view => view.Key, view => view.Us, cancellationToken);
        var materialized = await context.Materializations.GroupBy(row => row.FeatureView)
            .Select(view => new { view.Key, Us = view.Max(row => row.EndUs) }).ToDictionaryAsync(view => view.Key, view => view.Us, cancellationToken);
        _views = [.. _catalog.Current.Views.Keys.Select(view => (view, newest.TryGetValue(view, out var us) ? us : (long?)null, materialized.TryGetValue(view, out var end) ? end : (long?)null))];
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var nowUs = UnixTime.Microseconds(_time.GetUtcNow());
        if (_intervalUs == 0 || nowUs - (nowUs % _intervalUs) is var due && due == _askedUs)
        {
            return;
        }

        // The first looked at may be long over: then its reads were replayed by the process before this one.
        var request = new ConsistencyRequest(null, due - _intervalUs, due);
        await _jobs.AddAsync(
            ConsistencyReplay.JobKind, JsonSerializer.Serialize(request, ConsistencyJson.Default.ConsistencyRequest), "schedule",
            string.Create(CultureInfo.InvariantCulture, $"consistency/{Environment.MachineName}/{due}"), cancellationToken);
        _askedUs = due;
    }

    private IEnumerable<Measurement<double>> Ages(Func<(string View, long? NewestUs, long? MaterializedUs), long?> at, params (string Name, string Value)[] labels)
    {
        var nowUs = UnixTime.Microseconds(_time.GetUtcNow());
        foreach (var view in _views)
        {
            if (at(view) is { } us)
            {
                yield return new Measurement<double>(
                    Math.Max(0, nowUs - us) / 1e6, [new KeyValuePair<string, object?>("feature_view", view.View), .. labels.Select(label => new KeyValuePair<string, object?>(label.Name, label.Value))]);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Freshness could not be looked at")]
    private partial void LogFailed(Exception error);
}
