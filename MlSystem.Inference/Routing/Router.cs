using System.Globalization;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Routing;

/// <summary>A chosen variant with a lease on its version, or why there is none.</summary>
/// <param name="AwaitsInputs">Whether the variant stands in until the inputs are read.</param>
public readonly record struct Routed(
    EndpointRoute? Route, RoutedVariant? Variant, Fault? Fault, ChoiceReason Reason = ChoiceReason.Only, bool AwaitsInputs = false);

/// <summary>Finds the variant that answers a request.</summary>
public sealed class Router(ServingState state, VariantStates variants, RandomSource random)
{
    /// <summary>Variant name of a version that was asked for by number and is none of the endpoint's variants.</summary>
    public const string Direct = "direct";

    /// <param name="version">Null or empty lets the endpoint's policy choose.</param>
    public ValueTask<Routed> RouteAsync(string endpoint, string? version, CallerKeys caller, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(version))
        {
            return new ValueTask<Routed>(RouteToVersionAsync(endpoint, version, cancellationToken));
        }

        while (true)
        {
            if (!state.Table.Endpoints.TryGetValue(endpoint, out var route))
            {
                return new ValueTask<Routed>(Refused(Unknown(endpoint)));
            }

            if (route.IsAsleep)
            {
                return new ValueTask<Routed>(WakeAsync(route, version, caller, cancellationToken));
            }

            if (route.Live.Count == 0)
            {
                return new ValueTask<Routed>(Refused(NothingLive(route)));
            }

            // A failed lease means that the table was swapped in between: the new one has another version.
            var choice = route.Live.Count == 1 ? new Choice(route.Live[0], ChoiceReason.Only) : route.Policy.Choose(route, caller, random);
            if (choice.Variant.Version.TryAcquire())
            {
                return new ValueTask<Routed>(new Routed(route, choice.Variant, null, choice.Reason, choice.AwaitsInputs));
            }
        }
    }

    /// <summary>Has the endpoint's versions loaded and routes again.</summary>
    private async Task<Routed> WakeAsync(EndpointRoute route, string? version, CallerKeys caller, CancellationToken cancellationToken)
    {
        using var hold = state.Hold(route.Name);
        return await state.WakeAsync(route, cancellationToken) is { } fault
            ? Refused(fault)
            : await RouteAsync(route.Name, version, caller, cancellationToken);
    }

    private async Task<Routed> RouteToVersionAsync(string endpoint, string text, CancellationToken cancellationToken)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Refused(new Fault(FaultKind.NotFound, $"'{text}' is not a version of '{endpoint}': versions are numbers"));
        }

        while (true)
        {
            var route = state.Table.Endpoints.GetValueOrDefault(endpoint);
            if (route is null && !state.IsInitialized)
            {
                return Refused(Unknown(endpoint));
            }

            if (route?.Live.Count == 0 && route.Problems.ContainsKey(""))
            {
                return Refused(NothingLive(route));
            }

            if (route is { IsAsleep: true } && RoutePlan.Keys(route.Wanted).Any(key => key.Version == number))
            {
                return await WakeAsync(route, text, default, cancellationToken);
            }

            var variant = route?.Live.FirstOrDefault(live => live.Version.Key.Version == number);
            if (variant is null)
            {
                try
                {
                    var extra = await state.GetExtraAsync(new VersionKey(endpoint, number), cancellationToken);
                    variant = variants.Make(endpoint, Direct, extra, VariantTags.Of(endpoint, Direct, extra.Key.Model, extra.Key.Version));
                }
                catch (Exception error) when (error is ModelRefusedException or VersionUnknownException)
                {
                    return Refused(new Fault(FaultKind.NotFound, $"version {number} of '{endpoint}' can't be served: {error.Message}"));
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    return Refused(new Fault(FaultKind.Unavailable, $"version {number} of '{endpoint}' is not resident and the registry can't be reached: {error.Message}"));
                }
            }

            if (variant.Version.TryAcquire())
            {
                return new Routed(route ?? state.DirectRoute(endpoint), variant, null, ChoiceReason.Version);
            }
        }
    }

    private Fault Unknown(string endpoint) => state.IsInitialized
        ? new Fault(FaultKind.NotFound, $"there is no endpoint '{endpoint}'")
        : new Fault(FaultKind.Unavailable, "the server is starting: it does not know its endpoints yet");

    private static Fault NothingLive(EndpointRoute route) =>
        new(FaultKind.Unavailable, route.Problems.Count == 0
            ? $"endpoint '{route.Name}' has no version that is loaded yet"
            : $"endpoint '{route.Name}' can't be served: {string.Join("; ", route.Problems.Select(p => p.Key.Length == 0 ? p.Value : $"variant '{p.Key}': {p.Value}"))}");

    private static Routed Refused(Fault fault) => new(null, null, fault);
}
