using System.Diagnostics.Metrics;
using MlSystem.Inference.Metrics;

namespace MlSystem.Inference.Features;

/// <summary>Counts what look-ups did not find, by <c>model</c> (the endpoint).</summary>
public sealed class FeatureLookupMetrics
{
    private readonly Counter<long> _missing;
    private readonly Counter<long> _notFound;

    public FeatureLookupMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(InferenceMetrics.MeterName);
        _missing = meter.CreateCounter<long>("mlsystem_feature_lookup_missing", unit: null, "Looked-up values (row × feature) that the feature store did not have");
        _notFound = meter.CreateCounter<long>("mlsystem_feature_lookup_entities_not_found", unit: null, "Rows whose entity the feature store does not know");
    }

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
