using System.Diagnostics.Metrics;
using MlSystem.Inference.Metrics;

namespace MlSystem.Inference.Versions;

/// <summary>What is resident, and how often versions come and go.</summary>
public sealed class VersionMetrics
{
    private readonly Counter<long> _loads;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _evictions;

    public VersionMetrics(IMeterFactory meters, MemoryBudget budget)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        _loads = meter.CreateCounter<long>("mlsystem_version_loads", unit: null, "Versions loaded");
        _failures = meter.CreateCounter<long>("mlsystem_version_load_failures", unit: null, "Versions that could not be loaded");
        _evictions = meter.CreateCounter<long>("mlsystem_version_evictions", unit: null, "Versions that left memory to make room for others");
        meter.CreateObservableGauge("mlsystem_resident_bytes", () => budget.Used, unit: null, "Bytes of the memory budget that versions take");
    }

    internal void Loaded() => _loads.Add(1);

    internal void Failed() => _failures.Add(1);

    internal void Evicted() => _evictions.Add(1);
}
