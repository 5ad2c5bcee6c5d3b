using System.Threading.RateLimiting;
using MlSystem.Contracts;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

/// <summary>Decides what of one endpoint's wanted revision can be served with the versions at hand.</summary>
internal sealed class RoutePlan(
    Endpoint wanted, IReadOnlyDictionary<VersionKey, LoadedVersion> ready, IReadOnlyDictionary<VersionKey, LoadFailure> failures, bool unloaded)
{
    private const string Static = "static";

    /// <summary>The versions that an endpoint needs resident.</summary>
    public static IEnumerable<VersionKey> Keys(Endpoint endpoint) =>
        endpoint.Variants.Where(variant => variant.Role == VariantRole.Live).Select(Key);

    /// <param name="former">The route in force.</param>
    public EndpointRoute Make(EndpointRoute? former, InferenceMetrics metrics, RateLimiter gate)
    {
        var problems = Problems();
        if (unloaded)
        {
            return new EndpointRoute { Endpoint = wanted, Wanted = wanted, Live = [], Problems = problems, Gate = gate };
        }

        var live = wanted.Policy.Kind == Static ? Live(metrics) : [];
        var settled = Keys(wanted).All(key => ready.ContainsKey(key) || failures.ContainsKey(key));
        return former is { Live.Count: > 0 } && (!settled || live.Count == 0)
            ? former with { Wanted = wanted, Problems = problems, Gate = gate }
            : new EndpointRoute { Endpoint = wanted, Wanted = wanted, Live = settled ? live : [], Problems = problems, Gate = gate };
    }

    private List<RoutedVariant> Live(InferenceMetrics metrics)
    {
        var live = new List<RoutedVariant>();
        var sum = 0.0;
        foreach (var variant in wanted.Variants.Where(variant => variant.Role == VariantRole.Live))
        {
            if (ready.TryGetValue(Key(variant), out var version))
            {
                sum += Math.Max(variant.Weight, 0);
                live.Add(new RoutedVariant(wanted.Name, variant.Name, version, sum, metrics.For(wanted.Name, version.VersionText, variant.Name)));
            }
        }

        return live;
    }

    private Dictionary<string, string> Problems()
    {
        var problems = new Dictionary<string, string>(StringComparer.Ordinal);
        if (unloaded)
        {
            problems[""] = "unloaded on this replica";
        }
        else if (wanted.Policy.Kind != Static)
        {
            problems[""] = $"revision {wanted.Revision} has the policy '{wanted.Policy.Kind}', which this server does not route by; it serves '{Static}'";
        }

        foreach (var variant in wanted.Variants)
        {
            if (variant.Role != VariantRole.Live)
            {
                problems[variant.Name] = $"variants with the role '{variant.Role}' get no traffic from this server";
            }
            else if (failures.TryGetValue(Key(variant), out var failure) && !ready.ContainsKey(Key(variant)))
            {
                problems[variant.Name] = failure.Reason;
            }
        }

        return problems;
    }

    private static VersionKey Key(EndpointVariant variant) => new(variant.Model, variant.Version);
}
