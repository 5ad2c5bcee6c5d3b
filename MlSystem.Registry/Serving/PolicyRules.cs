using MlSystem.Contracts;

namespace MlSystem.Registry.Serving;

/// <summary>What a traffic policy must satisfy.</summary>
internal static class PolicyRules
{
    private static readonly string[] KeyPlaces = ["header:", "cookie:", "input:"];

    public static void Check(Errors errors, EndpointPolicy policy)
    {
        errors.OneOf("policy.kind", policy.Kind, PolicyKind.Static, PolicyKind.Sticky, PolicyKind.Bandit);
        if (policy.Kind == PolicyKind.Sticky)
        {
            CheckKey(errors, policy.Key);
        }

        if (policy.Kind == PolicyKind.Bandit)
        {
            errors.OneOf("policy.metric", policy.Metric, BanditMetric.Reward);
            if (policy.Algorithm is not null)
            {
                errors.OneOf("policy.algorithm", policy.Algorithm, BanditAlgorithm.Thompson, BanditAlgorithm.Ucb1, BanditAlgorithm.EpsilonGreedy);
            }
        }

        errors.AddIf(policy.Epsilon is not (null or (>= 0 and <= 1)), "policy.epsilon", $"it is {policy.Epsilon}; allowed are 0 to 1");
    }

    private static void CheckKey(Errors errors, string? key)
    {
        var place = Array.Find(KeyPlaces, place => key?.StartsWith(place, StringComparison.Ordinal) == true) ?? "";
        errors.AddIf(
            string.IsNullOrWhiteSpace(key?[place.Length..]),
            "policy.key",
            "a sticky policy needs the key that keeps a caller on its variant: 'header:<name>', 'cookie:<name>' or 'input:<name>'");
    }
}
