using MlSystem.Inference.Caching;
using MlSystem.Inference.Features;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

// Making the routes of what is resident.
public sealed partial class ServingState
{
    private void Publish()
    {
        lock (_lock)
        {
            var routes = _desired.Values.Select(Route).ToList();
            _table = new RoutingTable(routes);
            _residents.RetainOnly(KeysToKeep(routes));
        }
    }

    /// <summary>Makes the routes of some endpoints anew: what changed for them is what is resident.</summary>
    private void Publish(IEnumerable<string> names)
    {
        lock (_lock)
        {
            _table = _table.With([.. names.Where(_desired.ContainsKey).Select(name => Route(_desired[name]))]);
        }
    }

    private EndpointRoute Route(Endpoint endpoint)
    {
        var former = _table.Endpoints.GetValueOrDefault(endpoint.Name);
        var unloaded = _unloaded.Contains(endpoint.Name);
        if (!unloaded && !_awake.Contains(endpoint.Name))
        {
            return Empty(endpoint) with { IsAsleep = true };
        }

        var route = Plan(endpoint, unloaded, WithoutTakenOut(former));
        if (route.Live.Count == 0 && !unloaded)
        {
            route = FallBack(former, route);
        }

        Remember(former, route);
        return route with { Cache = ResponseCache.For(route.Endpoint.Cache, former?.Cache, _time) };
    }

    private EndpointRoute Plan(Endpoint endpoint, bool unloaded, EndpointRoute? former)
    {
        var ready = RoutePlan.Keys(endpoint).Distinct().Select(_residents.Find).OfType<LoadedVersion>().ToDictionary(version => version.Key);
        var plan = new RoutePlan(endpoint, ready, TakenOut(endpoint, ready, Unfit(endpoint, ready)), unloaded);
        return plan.Make(former, _variants, _gates.For(endpoint.Name, endpoint.Limits));
    }

    /// <summary>Why versions can't serve this endpoint; takes those whose inputs its feature defaults do not fit from the ready ones.</summary>
    private IReadOnlyDictionary<VersionKey, LoadFailure> Unfit(Endpoint endpoint, Dictionary<VersionKey, LoadedVersion> ready)
    {
        var problems = ready.Values.Select(version => (version.Key, Problem: FeatureDefaults.Problem(endpoint.Features, version.Runtime)))
            .Where(pair => pair.Problem is not null).ToList();
        if (problems.Count == 0)
        {
            return _residents.Failures;
        }

        var failures = _residents.Failures.ToDictionary();
        foreach (var (key, problem) in problems)
        {
            ready.Remove(key);
            failures[key] = new LoadFailure(problem!, Permanent: true);
        }

        return failures;
    }

    /// <summary>The version that was live before stays resident, so that a rollback needs no load.</summary>
    private void Remember(EndpointRoute? former, EndpointRoute route)
    {
        var before = former?.Live.Select(variant => variant.Version.Key).ToHashSet() ?? [];
        var now = route.Live.Select(variant => variant.Version.Key).ToHashSet();

        // Within a revision a version came late or went out of rotation: what was there before it remains what to go back to.
        if (before.Count > 0 && !before.SetEquals(now) && former!.Endpoint.Revision != route.Endpoint.Revision)
        {
            _formerLive[route.Name] = [.. before.Except(now)];
            _formerEndpoints[route.Name] = former.Endpoint;
        }
    }

    private HashSet<VersionKey> KeysToKeep(List<EndpointRoute> routes)
    {
        var keep = new HashSet<VersionKey>(_extra.Keys);
        foreach (var route in routes.Where(route => !_unloaded.Contains(route.Name)))
        {
            keep.UnionWith(_formerLive.GetValueOrDefault(route.Name) ?? []);
            if (_awake.Contains(route.Name))
            {
                keep.UnionWith(Needed(route));
            }
        }

        return keep;
    }

    /// <summary>What serves an endpoint now, and what shall.</summary>
    private static IEnumerable<VersionKey> Needed(EndpointRoute route) =>
        route.Live.Select(variant => variant.Version.Key).Concat(RoutePlan.Keys(route.Wanted));
}
