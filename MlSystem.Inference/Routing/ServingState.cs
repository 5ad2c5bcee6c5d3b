using Microsoft.Extensions.Options;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

/// <summary>
/// Brings this replica to what the registry wants: loads the versions, then swaps the routing table in one step. An endpoint
/// keeps its former route until every version of the new one is loaded or refused. Endpoints are awake (their versions are
/// resident or on their way) or asleep (loaded by their first request).
/// </summary>
public sealed partial class ServingState
{
    private readonly ResidentVersions _residents;
    private readonly VariantStates _variants;
    private readonly GateKeeper _gates;
    private readonly TimeProvider _time;
    private readonly MemoryBudget _budget;
    private readonly VersionMetrics _versionMetrics;
    private readonly bool _lazy;
    private readonly RecentVersions _extra;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IReadOnlyList<VersionKey>> _formerLive = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unloaded = new(StringComparer.Ordinal);
    private readonly HashSet<string> _awake = new(StringComparer.Ordinal);
    private Dictionary<string, Endpoint> _desired = new(StringComparer.Ordinal);
    private volatile RoutingTable _table = RoutingTable.Empty;

    public ServingState(
        ResidentVersions residents, VariantStates variants, GateKeeper gates, IOptions<RoutingOptions> options, IOptions<VersionsOptions> versions,
        MemoryBudget budget, VersionMetrics versionMetrics, TimeProvider time)
    {
        (_residents, _variants, _gates, _budget, _versionMetrics, _time) = (residents, variants, gates, budget, versionMetrics, time);
        _extra = new RecentVersions(options.Value.MaxExtraVersions);
        _lazy = versions.Value.IsLazy;
        _budget.Evict = TryEvict;
        _budget.Pinned = PinnedBytes;
        _residents.LargestBatch = LargestBatch;
    }

    /// <summary>The routes in force.</summary>
    public RoutingTable Table => _table;

    /// <summary>The registry's state has been seen at least once and applied as far as possible.</summary>
    public bool IsInitialized { get; private set; }

    /// <summary>ETag of the registry's state that is applied.</summary>
    public string? ETag { get; private set; }

    /// <summary>Whether a version is missing for a reason that may pass.</summary>
    public bool HasTransientFailures => _residents.Failures.Values.Any(failure => !failure.Permanent);

    /// <summary>Applies the registry's state; completes when every version of the endpoints that are awake is loaded or has failed.</summary>
    public async Task ApplyAsync(EndpointsSnapshot snapshot, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _desired = snapshot.Endpoints.ToDictionary(endpoint => endpoint.Name, StringComparer.Ordinal);
            ETag = snapshot.ETag;
            PutBack(entry => _desired.GetValueOrDefault(entry.Endpoint)?.Revision != entry.Revision);
            _awake.IntersectWith(_desired.Keys);
            _awake.UnionWith(_desired.Values.Where(endpoint => endpoint.Pinned || (!_lazy && _budget.Limit == 0)).Select(endpoint => endpoint.Name));
        }

        Publish();
        await LoadMissingAsync(cancellationToken);
        await FillAsync(cancellationToken);
        IsInitialized = true;
    }

    /// <summary>Tries again what is not loaded of the endpoints that are awake.</summary>
    public async Task LoadMissingAsync(CancellationToken cancellationToken)
    {
        ILookup<VersionKey, string> missing;
        lock (_lock)
        {
            missing = _awake.Where(name => !_unloaded.Contains(name))
                .SelectMany(name => RoutePlan.Keys(_desired[name]), (name, key) => (name, key))
                .Where(pair => _residents.Find(pair.key) is null)
                .ToLookup(pair => pair.key, pair => pair.name);
        }

        await Parallel.ForEachAsync(missing, cancellationToken, async (versions, token) =>
        {
            await TryLoadAsync(versions.Key, token);
            Publish(versions);
        });
        Publish();
    }

    /// <summary>Takes an endpoint, or what was loaded directly of a registered model, out of this replica's service.</summary>
    /// <returns>False when there is neither.</returns>
    public bool Unload(string name)
    {
        lock (_lock)
        {
            if (_desired.ContainsKey(name))
            {
                _unloaded.Add(name);
                _awake.Remove(name);
                _formerLive.Remove(name);
                _formerEndpoints.Remove(name);
            }
            else if (!_extra.Remove(key => key.Model == name))
            {
                return false;
            }
        }

        Publish();
        return true;
    }

    /// <summary>Brings an endpoint back and loads it.</summary>
    /// <returns>False when the registry has no such endpoint.</returns>
    public async Task<bool> LoadAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_desired.ContainsKey(name))
            {
                return false;
            }

            _unloaded.Remove(name);
            _awake.Add(name);
            PutBack(entry => entry.Endpoint == name);
        }

        await LoadMissingAsync(cancellationToken);
        return true;
    }

    /// <summary>A route for a registered model that is no endpoint, with the server's default bounds.</summary>
    public EndpointRoute DirectRoute(string model)
    {
        var endpoint = new Endpoint { Name = model, Revision = 0, Variants = [], Author = "", Reason = "", CreatedAt = default };
        return Empty(endpoint) with { Gate = _gates.For(model, endpoint.Limits) };
    }

    private EndpointRoute Empty(Endpoint endpoint) => new()
    {
        Endpoint = endpoint,
        Wanted = endpoint,
        Live = [],
        Problems = new Dictionary<string, string>(StringComparer.Ordinal),
        Gate = _gates.For(endpoint.Name, endpoint.Limits),
    };

    private async Task TryLoadAsync(VersionKey key, CancellationToken cancellationToken)
    {
        try
        {
            await _residents.GetAsync(key, cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // ResidentVersions has logged it and keeps the reason, which the repository index shows.
        }
    }

    private int LargestBatch(VersionKey key)
    {
        lock (_lock)
        {
            return _desired.Values.Where(endpoint => RoutePlan.Keys(endpoint).Contains(key)).Max(endpoint => endpoint.Limits.MaxBatchSize) ?? 1;
        }
    }
}
