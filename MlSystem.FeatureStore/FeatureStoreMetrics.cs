using System.Diagnostics.Metrics;

namespace MlSystem.FeatureStore;

/// <summary>Counters of the feature store; meter <c>MlSystem.FeatureStore</c>.</summary>
public sealed class FeatureStoreMetrics
{
    public const string MeterName = "MlSystem.FeatureStore";

    private readonly Counter<long> _materializations;
    private readonly Histogram<double> _materializationSeconds;

    public FeatureStoreMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _materializations = meter.CreateCounter<long>("feast_materialization_result_total", null, "Finished materializations of a feature view, by status.");
        _materializationSeconds = meter.CreateHistogram<double>("feast_materialization_duration_seconds", null, "Duration of a feature view's materialization.");
        Rejected = meter.CreateCounter<long>("mlsystem.features.rejected_events", "{event}", "Events that were no row of a known view.");
        RuleWarnings = meter.CreateCounter<long>("mlsystem.features.rule_warnings", "{value}", "Values that came in although a rule of their view warns of them.");
        FutureRows = meter.CreateCounter<long>("mlsystem.features.future_rows", "{row}", "Rows with an event time ahead of the clock here; accepted tells whether within Features:MaxFutureSeconds. Uploads count them when they check and when they ingest.");
        ErasedRows = meter.CreateCounter<long>("mlsystem.features.erased_rows_left_out", "{row}", "Rows that came in for an erased entity, from before its erasure.");
        OfflineRows = meter.CreateCounter<long>("mlsystem.features.offline_rows", "{row}", "Rows written to Parquet, repeated deliveries included.");
        CompactedFiles = meter.CreateCounter<long>("mlsystem.features.compacted_files", "{file}", "Parquet files that became part of a bigger one.");
        OnlineRows = meter.CreateCounter<long>("mlsystem.features.online_rows", "{row}", "Rows offered to the online store, repeated deliveries included.");
        OnlineReads = meter.CreateCounter<long>("mlsystem.features.online_reads", "{row}", "Entity rows read online.");
        Rebuilds = meter.CreateCounter<long>("mlsystem.features.online_rebuilds", "{rebuild}", "Recoveries of the online store from Parquet.");
    }

    /// <summary>Under Feast's names.</summary>
    public void Materialized(string view, bool success, TimeSpan duration)
    {
        _materializations.Add(1, new("feature_view", view), new("status", success ? "success" : "failure"));
        _materializationSeconds.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("feature_view", view));
    }

    public Counter<long> Rejected { get; }

    public Counter<long> RuleWarnings { get; }

    public Counter<long> FutureRows { get; }

    public Counter<long> ErasedRows { get; }

    public Counter<long> OfflineRows { get; }

    public Counter<long> CompactedFiles { get; }

    public Counter<long> OnlineRows { get; }

    public Counter<long> OnlineReads { get; }

    public Counter<long> Rebuilds { get; }
}
