using MlSystem.Contracts;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Routing;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Policies;

/// <summary>Makes the policies of new routes.</summary>
internal static class PolicyFactory
{
    /// <summary>The policy of a revision, or null where this server has none of its kind.</summary>
    public static TrafficPolicy? Make(Endpoint endpoint) => endpoint.Policy switch
    {
        { Kind: PolicyKind.Static } => StaticPolicy.Instance,
        { Kind: PolicyKind.Sticky, Key: { Length: > 0 } key } => new StickyPolicy(endpoint.Name, StickyKey.Parse(key)),
        { Kind: PolicyKind.Bandit } policy => BanditPolicy.Make(policy),
        _ => null,
    };

    /// <summary>What is wrong with a policy on these variants, though requests are served; or null.</summary>
    public static string? Problem(TrafficPolicy policy, IReadOnlyList<RoutedVariant> live)
    {
        if (policy.Input is not { } input || live.Count == 0 || live.Any(variant => Has(variant, input)))
        {
            return null;
        }

        return $"no live variant has the policy's key '{input}' as an input or join key: requests are shared by weight";
    }

    private static bool Has(RoutedVariant variant, string name) =>
        variant.Version.Runtime.Inputs.Concat(variant.Version.Runtime.JoinKeys).Any(input => input.Name == name);
}
