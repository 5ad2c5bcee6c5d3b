using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Policies;

/// <summary><c>GET /v2/models/{m}/policy</c>.</summary>
public static class PolicyEndpoint
{
    public static JsonHttpResult<PolicyAnswer> Handle(string model, ServingState state)
    {
        if (!state.Table.Endpoints.TryGetValue(model, out var route))
        {
            throw state.IsInitialized
                ? new InferenceException(FaultKind.NotFound, $"there is no endpoint '{model}'")
                : InferenceException.Unavailable("the server is starting: it does not know its endpoints yet");
        }

        return TypedResults.Json(Answer(route), PolicyJson.Default.PolicyAnswer, "application/json");
    }

    private static PolicyAnswer Answer(EndpointRoute route)
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
            Problem = route.PolicyProblem,
            RecentChoices = route.Recent.Count,
            Variants = [.. route.Endpoint.Variants.Select(variant => Answer(route, variant, tags[variant.Name]))],
        };
    }

    private static PolicyVariant Answer(EndpointRoute route, EndpointVariant variant, ushort tag)
    {
        var key = new VersionKey(variant.Model, variant.Version);
        var isLive = variant.Role == VariantRole.Live;
        var routed = (isLive ? route.Live : route.Shadows).FirstOrDefault(routed => routed.Name == variant.Name && routed.Version.Key == key);
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
        };
    }

    private static SortedDictionary<string, long> Choices(RoutedVariant variant) => new(
        Enum.GetValues<ChoiceReason>().Where(reason => variant.Choices[reason] > 0).ToDictionary(reason => reason.Name(), reason => variant.Choices[reason], StringComparer.Ordinal),
        StringComparer.Ordinal);
}
