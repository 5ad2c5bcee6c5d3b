using System.Diagnostics.Metrics;
using MlSystem.Inference.Metrics;

namespace MlSystem.Inference.Features;

/// <summary>Counts what look-ups did not find, by <c>model</c> (the endpoint).</summary>
public sealed class FeatureLookupMetrics
{
    private readonly Counter<long> _missing;
    private readonly Counter<long> _notFound;
    private readonly Counter<long> _failures;

    public FeatureLookupMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        _missing = meter.CreateCounter<long>("mlsystem_feature_lookup_missing", unit: null, "Looked-up values (row × feature) that the feature store did not have");
        _notFound = meter.CreateCounter<long>("mlsystem_feature_lookup_entities_not_found", unit: null, "Rows whose entity the feature store does not know");
        _failures = meter.CreateCounter<long>("mlsystem_feature_lookup_failures", unit: null, "Look-ups that the feature store did not answer in time, or that did not ask it because it failed before");
    }

    internal void CountFailure(string endpoint) => _failures.Add(1, new KeyValuePair<string, object?>("model", endpoint));

    internal void Count(string endpoint, LookupFindings findings)
    {
        if (findings.Missing > 0)
        {
            _missing.Add(findings.Missing, new KeyValuePair<string, object?>("model", endpoint));
        }

        if (findings.EntitiesNotFound > 0)
        {
            _notFound.Add(findings.EntitiesNotFound, new KeyValuePair<string, object?>("model", endpoint));
        }
    }
}
