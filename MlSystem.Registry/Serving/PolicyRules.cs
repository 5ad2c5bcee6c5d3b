using System.Buffers;
using MlSystem.Contracts;

namespace MlSystem.Registry.Serving;

/// <summary>What a traffic policy must satisfy.</summary>
internal static class PolicyRules
{
    /// <summary>RFC 9110, token.</summary>
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

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
        const string What = "a sticky policy needs the key that keeps a caller on its variant: 'header:<name>', 'cookie:<name>' or 'input:<name>'";
        var place = Array.Find(KeyPlaces, place => key?.StartsWith(place, StringComparison.Ordinal) == true);
        var name = key?[(place?.Length ?? 0)..];
        errors.AddIf(string.IsNullOrWhiteSpace(name), "policy.key", What);
        errors.AddIf(place is null && name?.Contains(':', StringComparison.Ordinal) == true, "policy.key", $"'{key}' names no known place; {What}");
        errors.AddIf(
            place is "header:" or "cookie:" && name?.AsSpan().ContainsAnyExcept(TokenCharacters) == true,
            "policy.key",
            $"'{name}' can't be the name of a header or cookie: letters, digits and !#$%&'*+-.^_`|~ are allowed");
    }
}
