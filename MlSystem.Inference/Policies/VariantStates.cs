using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Policies;

/// <summary>What outlives a routing table: the variants' counters and the endpoints' recent choices. Makes the variants of new tables.</summary>
public sealed class VariantStates
{
    private readonly ConcurrentDictionary<(string Endpoint, string Version, string Variant), VariantChoices> _choices = new();
    private readonly ConcurrentDictionary<string, (long Revision, RecentChoices Choices)> _recent = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Endpoint, ushort Tag), VariantIdentity> _tags = new();
    private readonly InferenceMetrics _metrics;
    private readonly BanditLedger _ledger;

    public VariantStates(InferenceMetrics metrics, BanditLedger ledger, IMeterFactory meters)
    {
        (_metrics, _ledger) = (metrics, ledger);
        meters.Create(InferenceMetrics.MeterName).CreateObservableCounter(
            "mlsystem_variant_choices", Observe, unit: null, "Requests that a traffic policy gave to the variant, by reason; an endpoint with one live variant chooses nothing");
    }

    /// <summary>The choices under a revision of an endpoint; another revision begins anew.</summary>
    public RecentChoices Recent(string endpoint, long revision) => _recent.AddOrUpdate(
        endpoint, _ => (revision, new RecentChoices()), (_, former) => former.Revision == revision ? former : (revision, new RecentChoices())).Choices;

    /// <summary>A variant with a resident version.</summary>
    /// <param name="upperWeight">Sum of the live weights up to and including this one.</param>
    public RoutedVariant Make(string endpoint, string name, LoadedVersion version, ushort tag, double weight = 0, double upperWeight = 0)
    {
        var choices = _choices.GetOrAdd((endpoint, version.VersionText, name), static key => new VariantChoices(key.Endpoint, key.Version, key.Variant));
        _tags[(endpoint, tag)] = new VariantIdentity(name, version.Key.Version);
        return new RoutedVariant(endpoint, name, version, upperWeight, _metrics.For(endpoint, version.VersionText, name))
        {
            Tag = tag,
            Weight = weight,
            Choices = choices,
            Arm = _ledger.Arm(endpoint, tag),
        };
    }

    /// <summary>The variant of a prediction, by its request id; null for one that this replica has not served since the process began.</summary>
    public VariantIdentity? Of(string endpoint, Guid requestId) => _tags.GetValueOrDefault((endpoint, RequestIds.Tag(requestId)));

    private IEnumerable<Measurement<long>> Observe() =>
        from variant in _choices.Values
        from reason in Enum.GetValues<ChoiceReason>()
        where variant[reason] > 0
        select new Measurement<long>(
            variant[reason], new("model", variant.Endpoint), new("version", variant.Version), new("variant", variant.Variant), new("reason", reason.Name()));
}

/// <summary>A variant as feedback names it.</summary>
public sealed record VariantIdentity(string Name, int Version);
