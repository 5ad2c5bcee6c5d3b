using Microsoft.Extensions.Options;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

/// <summary>
/// Brings this replica to what the registry wants: loads the versions, then swaps the routing table in one step. An endpoint
/// keeps its former route until every version of the new one is loaded or refused.
/// </summary>
public sealed class ServingState(ResidentVersions residents, VariantStates variants, GateKeeper gates, IOptions<RoutingOptions> options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IReadOnlyList<VersionKey>> _formerLive = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unloaded = new(StringComparer.Ordinal);
    private readonly RecentVersions _extra = new(options.Value.MaxExtraVersions);
    private IReadOnlyList<Endpoint> _desired = [];
    private volatile RoutingTable _table = RoutingTable.Empty;

    /// <summary>The routes in force.</summary>
    public RoutingTable Table => _table;

    /// <summary>The registry's state has been seen at least once and applied as far as possible.</summary>
    public bool IsInitialized { get; private set; }

    /// <summary>ETag of the registry's state that is applied.</summary>
    public string? ETag { get; private set; }

    /// <summary>Whether a version is missing for a reason that may pass.</summary>
    public bool HasTransientFailures => residents.Failures.Values.Any(failure => !failure.Permanent);

    /// <summary>Applies the registry's state; completes when every version is loaded or has failed.</summary>
    public async Task ApplyAsync(EndpointsSnapshot snapshot, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _desired = snapshot.Endpoints;
            ETag = snapshot.ETag;
        }

        Publish();
        await LoadMissingAsync(cancellationToken);
        IsInitialized = true;
    }

    /// <summary>Tries again what is not loaded.</summary>
    public async Task LoadMissingAsync(CancellationToken cancellationToken)
    {
        var ready = residents.Ready.Select(version => version.Key).ToHashSet();
        IReadOnlyList<Endpoint> desired;
        lock (_lock)
        {
            desired = [.. _desired.Where(endpoint => !_unloaded.Contains(endpoint.Name))];
        }

        var missing = desired.SelectMany(RoutePlan.Keys).Distinct().Where(key => !ready.Contains(key));
        await Parallel.ForEachAsync(missing, cancellationToken, async (key, token) =>
        {
            await TryLoadAsync(key, token);
            Publish();
        });
        Publish();
    }

    /// <summary>A version outside the endpoints' variants, loaded on first use and kept while recently used.</summary>
    public async Task<LoadedVersion> GetExtraAsync(VersionKey key, CancellationToken cancellationToken)
    {
        bool evicts;
        lock (_lock)
        {
            evicts = _extra.Touch(key);
        }

        if (evicts)
        {
            Publish();
        }

        return await residents.GetAsync(key, cancellationToken);
    }

    /// <summary>Takes an endpoint out of this replica's service, or brings it back.</summary>
    /// <returns>False when the registry has no such endpoint.</returns>
    public async Task<bool> SetUnloadedAsync(string endpoint, bool unloaded, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_desired.Any(desired => desired.Name == endpoint))
            {
                return false;
            }

            _ = unloaded ? _unloaded.Add(endpoint) : _unloaded.Remove(endpoint);
        }

        if (!unloaded)
        {
            await LoadMissingAsync(cancellationToken);
        }

        Publish();
        return true;
    }

    /// <summary>A route for a registered model that is no endpoint, with the server's default bounds.</summary>
    public EndpointRoute DirectRoute(string model)
    {
        var endpoint = new Endpoint { Name = model, Revision = 0, Variants = [], Author = "", Reason = "", CreatedAt = default };
        return new EndpointRoute
        {
            Endpoint = endpoint,
            Wanted = endpoint,
            Live = [],
            Problems = new Dictionary<string, string>(StringComparer.Ordinal),
            Gate = gates.For(model, endpoint.Limits),
        };
    }

    private async Task TryLoadAsync(VersionKey key, CancellationToken cancellationToken)
    {
        try
        {
            await residents.GetAsync(key, cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // ResidentVersions has logged it and keeps the reason, which the repository index shows.
        }
    }

    private void Publish()
    {
        lock (_lock)
        {
            var ready = residents.Ready.ToDictionary(version => version.Key);
            var former = _table;
            var routes = new List<EndpointRoute>(_desired.Count);
            foreach (var endpoint in _desired)
            {
                var plan = new RoutePlan(endpoint, ready, residents.Failures, _unloaded.Contains(endpoint.Name));
                var route = plan.Make(former.Endpoints.GetValueOrDefault(endpoint.Name), variants, gates.For(endpoint.Name, endpoint.Limits));
                Remember(former.Endpoints.GetValueOrDefault(endpoint.Name), route);
                routes.Add(route);
            }

            _table = new RoutingTable(routes);
            residents.RetainOnly(KeysToKeep(routes));
        }
    }

    /// <summary>The version that was live before stays resident, so that a rollback needs no load.</summary>
    private void Remember(EndpointRoute? former, EndpointRoute route)
    {
        var before = former?.Live.Select(variant => variant.Version.Key).ToHashSet() ?? [];
        var now = route.Live.Select(variant => variant.Version.Key).ToHashSet();
        if (before.Count > 0 && !before.SetEquals(now))
        {
            _formerLive[route.Name] = [.. before.Except(now)];
        }
    }

    private HashSet<VersionKey> KeysToKeep(List<EndpointRoute> routes)
    {
        var keep = new HashSet<VersionKey>(_extra.Keys);
        foreach (var route in routes.Where(route => !_unloaded.Contains(route.Name)))
        {
            keep.UnionWith(route.Live.Select(variant => variant.Version.Key));
            keep.UnionWith(_desired.Where(endpoint => endpoint.Name == route.Name).SelectMany(RoutePlan.Keys));
            keep.UnionWith(_formerLive.GetValueOrDefault(route.Name) ?? []);
        }

        return keep;
    }
}
