using MlSystem.Contracts;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

/// <summary>Decides what of one endpoint's wanted revision can be served with the versions at hand.</summary>
internal sealed class RoutePlan(
    Endpoint wanted, IReadOnlyDictionary<VersionKey, LoadedVersion> ready, IReadOnlyDictionary<VersionKey, LoadFailure> failures, bool unloaded)
{
    private readonly IReadOnlyDictionary<string, ushort> _tags = VariantTags.Assign(wanted);

    /// <summary>The versions that an endpoint needs resident.</summary>
    public static IEnumerable<VersionKey> Keys(Endpoint endpoint) => endpoint.Variants.Select(Key);

    /// <param name="former">The route in force.</param>
    public EndpointRoute Make(EndpointRoute? former, VariantStates variants, EndpointGate gate)
    {
        var empty = new EndpointRoute { Endpoint = wanted, Wanted = wanted, Live = [], Problems = Problems(), Gate = gate, Recent = variants.Recent(wanted.Name, wanted.Revision) };
        var policy = PolicyFactory.Make(wanted);
        if (unloaded)
        {
            return empty;
        }

        var live = policy is null ? [] : Live(variants);

        // The swap waits for live versions alone: a shadow joins when it is loaded.
        var settled = wanted.Variants.Where(IsLive).Select(Key).All(key => ready.ContainsKey(key) || failures.ContainsKey(key));
        if (!settled || live.Count == 0)
        {
            return former is { Live.Count: > 0 } ? former with { Wanted = wanted, Problems = empty.Problems, Gate = gate } : empty;
        }

        return empty with
        {
            Live = live,
            Shadows = Shadows(variants),
            Policy = policy!,
            PolicyProblem = PolicyFactory.Problem(policy!, live),
            Merged = policy!.Input is null ? null : MergedInputs.Of(live),
        };
    }

    private List<RoutedVariant> Live(VariantStates variants)
    {
        var live = new List<RoutedVariant>();
        var sum = 0.0;
        foreach (var variant in wanted.Variants.Where(IsLive))
        {
            if (ready.TryGetValue(Key(variant), out var version))
            {
                var weight = Math.Max(variant.Weight, 0);
                sum += weight;
                live.Add(variants.Make(wanted.Name, variant.Name, version, _tags[variant.Name], weight, sum));
            }
        }

        return live;
    }

    private List<RoutedVariant> Shadows(VariantStates variants)
    {
        var shadows = new List<RoutedVariant>();
        foreach (var variant in wanted.Variants.Where(variant => variant.Role == VariantRole.Shadow))
        {
            if (ready.TryGetValue(Key(variant), out var version))
            {
                shadows.Add(variants.Make(wanted.Name, variant.Name, version, _tags[variant.Name], Math.Min(variant.Weight, 1)));
            }
        }

        return shadows;
    }

    private Dictionary<string, string> Problems()
    {
        var problems = new Dictionary<string, string>(StringComparer.Ordinal);
        if (unloaded)
        {
            problems[""] = "unloaded on this replica";
        }
        else if (PolicyFactory.Make(wanted) is null)
        {
            problems[""] = $"revision {wanted.Revision} has the policy '{wanted.Policy.Kind}', which this server does not know in this form";
        }

        foreach (var variant in wanted.Variants)
        {
            if (failures.TryGetValue(Key(variant), out var failure) && !ready.ContainsKey(Key(variant)))
            {
                problems[variant.Name] = failure.Reason;
            }
        }

        return problems;
    }

    private static bool IsLive(EndpointVariant variant) => variant.Role == VariantRole.Live;

    private static VersionKey Key(EndpointVariant variant) => new(variant.Model, variant.Version);
}
