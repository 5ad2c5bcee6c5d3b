using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Contracts;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Shadowing;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Policies;

/// <summary><c>GET /v2/models/{m}/policy</c>.</summary>
public static class PolicyEndpoint
{
    public static JsonHttpResult<PolicyAnswer> Handle(string model, ServingState state, ShadowMetrics shadows)
    {
        if (!state.Table.Endpoints.TryGetValue(model, out var route))
        {
            throw state.IsInitialized
                ? new InferenceException(FaultKind.NotFound, $"there is no endpoint '{model}'")
                : InferenceException.Unavailable("the server is starting: it does not know its endpoints yet");
        }

        return TypedResults.Json(Answer(route, shadows), PolicyJson.Default.PolicyAnswer, "application/json");
    }

    private static PolicyAnswer Answer(EndpointRoute route, ShadowMetrics shadows)
    {
        var policy = route.Endpoint.Policy;
        var tags = VariantTags.Assign(route.Endpoint);
        return new PolicyAnswer
        {
            Endpoint = route.Name,
            Revision = route.Endpoint.Revision,
            WantedRevision = route.Wanted.Revision,
            Kind = policy.Kind,
            Key = policy.Kind == PolicyKind.Sticky ? policy.Key : null,
            Algorithm = policy.Kind == PolicyKind.Bandit ? BanditPolicy.Algorithm(policy) : null,
            Epsilon = policy.Kind == PolicyKind.Bandit && policy.Algorithm == BanditAlgorithm.EpsilonGreedy ? policy.Epsilon ?? BanditPolicy.DefaultEpsilon : null,
            Metric = policy.Kind == PolicyKind.Bandit ? policy.Metric ?? BanditMetric.Reward : null,
            Problem = route.PolicyProblem,
            RecentChoices = route.Recent.Count,
            Variants = [.. route.Endpoint.Variants.Select(variant => Answer(route, variant, tags[variant.Name], shadows))],
        };
    }

    private static PolicyVariant Answer(EndpointRoute route, EndpointVariant variant, ushort tag, ShadowMetrics shadows)
    {
        var key = new VersionKey(variant.Model, variant.Version);
        var isLive = variant.Role == VariantRole.Live;
        var routed = (isLive ? route.Live : route.Shadows).FirstOrDefault(routed => routed.Name == variant.Name && routed.Version.Key == key);
        var rewards = isLive && route.Endpoint.Policy.Kind == PolicyKind.Bandit ? routed?.Arm.Rewards : null;
        return new PolicyVariant
        {
            Name = variant.Name,
            Model = variant.Model,
            Version = variant.Version,
            Role = variant.Role,
            Weight = variant.Weight,
            Served = routed is not null,
            Tag = tag.ToString("x4", CultureInfo.InvariantCulture),
            Choices = isLive && routed is not null ? Choices(routed) : null,
            RecentShare = isLive ? route.Recent.Share(tag) : null,
            Pulls = rewards?.Pulls,
            MeanReward = rewards?.Mean,
            Posterior = rewards is null ? null : new PolicyPosterior(rewards.Alpha, rewards.Beta),
            UpperBound = rewards is null ? null : UpperBound(route, rewards),
            Shadow = !isLive && routed is not null ? Shadow(shadows.For(routed), routed) : null,
        };
    }

    private static double? UpperBound(EndpointRoute route, ArmRewards rewards) =>
        route.Endpoint.Policy.Algorithm == BanditAlgorithm.Ucb1 && route.Live.All(variant => variant.Weight == 0 || variant.Arm.Rewards.Pulls > 0) && rewards.Pulls > 0
            ? Ucb1.UpperBound(rewards, route.Live.Where(variant => variant.Weight > 0).Sum(variant => variant.Arm.Rewards.Pulls))
            : null;

    private static PolicyShadow Shadow(ShadowTally tally, RoutedVariant shadow) => new()
    {
        Mirrored = tally.Mirrored,
        Dropped = Enum.GetValues<ShadowDrop>().Sum(tally.Dropped),
        Failed = shadow.Statistics.Failures,
        ComparedRows = tally.ComparedRows,
        LabelDisagreement = tally.LabelDisagreement,
        MeanAbsoluteDifference = tally.MeanAbsoluteDifference,
    };

    private static SortedDictionary<string, long> Choices(RoutedVariant variant) => new(
        Enum.GetValues<ChoiceReason>().Where(reason => variant.Choices[reason] > 0).ToDictionary(reason => reason.Name(), reason => variant.Choices[reason], StringComparer.Ordinal),
        StringComparer.Ordinal);
}
