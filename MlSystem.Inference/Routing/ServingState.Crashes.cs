using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Routing;

// Versions that are out of rotation because their runs failed one after the other.
public sealed partial class ServingState
{
    private readonly Dictionary<(string Endpoint, VersionKey Key), TakenOutEntry> _takenOut = [];

    /// <summary>The revision that last served other versions than the one in force does.</summary>
    private readonly Dictionary<string, Endpoint> _formerEndpoints = new(StringComparer.Ordinal);

    /// <summary>
    /// Takes a version out of the rotation of every endpoint that it serves, until the registry's next revision of the endpoint, a load of
    /// the endpoint, or the end of the process. An endpoint with other live variants goes on with those, one with none goes back to what it
    /// served before, as far as that is still resident.
    /// </summary>
    /// <param name="reason">Shown in the repository index and, where nothing else is live, to callers.</param>
    /// <returns>The routes, as they are now, of the endpoints that it was taken out of.</returns>
    public IReadOnlyList<EndpointRoute> TakeOut(LoadedVersion version, string reason)
    {
        lock (_lock)
        {
            // What has left memory since serves nobody.
            if (_residents.Find(version.Key) != version)
            {
                return [];
            }

            var names = _table.Endpoints.Values
                .Where(route => _desired.ContainsKey(route.Name) && (Needed(route).Contains(version.Key) || route.Shadows.Any(shadow => shadow.Version == version)))
                .Select(route => route.Name)
                .Where(name => _takenOut.TryAdd((name, version.Key), new TakenOutEntry(name, version.Key, _desired[name].Revision, reason)))
                .ToList();
            Publish(names);
            return [.. names.Select(name => _table.Endpoints[name])];
        }
    }

    /// <summary>Why a version is out of an endpoint's rotation, or null.</summary>
    public string? WhyOut(VersionKey key)
    {
        lock (_lock)
        {
            return _takenOut.Values.FirstOrDefault(entry => entry.Key == key)?.Reason;
        }
    }

    private void PutBack(Func<TakenOutEntry, bool> which)
    {
        foreach (var entry in _takenOut.Values.Where(which).ToList())
        {
            _takenOut.Remove((entry.Endpoint, entry.Key));
            _residents.Find(entry.Key)?.Engine.ForgetCrashes();
        }
    }

    private bool IsTakenOut(string endpoint, VersionKey key) => _takenOut.ContainsKey((endpoint, key));

    /// <summary>Takes the versions that are out of rotation from the ready ones and adds why.</summary>
    private IReadOnlyDictionary<VersionKey, LoadFailure> TakenOut(Endpoint endpoint, Dictionary<VersionKey, LoadedVersion> ready, IReadOnlyDictionary<VersionKey, LoadFailure> failures)
    {
        var entries = _takenOut.Values.Where(entry => entry.Endpoint == endpoint.Name).ToList();
        if (entries.Count == 0)
        {
            return failures;
        }

        var all = failures.ToDictionary();
        foreach (var entry in entries)
        {
            ready.Remove(entry.Key);
            all[entry.Key] = new LoadFailure(entry.Reason, Permanent: true);
        }

        return all;
    }

    /// <summary>The route in force, or null where a part of it is out of rotation: then it can't simply go on.</summary>
    private EndpointRoute? WithoutTakenOut(EndpointRoute? former) =>
        former is not null && former.Live.Concat(former.Shadows).Any(variant => IsTakenOut(former.Name, variant.Version.Key)) ? null : former;

    /// <summary>What is left of the revision in force, else of the one before it, in place of a route that serves nothing.</summary>
    private EndpointRoute FallBack(EndpointRoute? former, EndpointRoute route)
    {
        if (!_takenOut.Values.Any(entry => entry.Endpoint == route.Name))
        {
            return route;
        }

        foreach (var endpoint in new[] { former?.Endpoint, _formerEndpoints.GetValueOrDefault(route.Name) }.OfType<Endpoint>())
        {
            if (Plan(endpoint, unloaded: false, former: null) is { Live.Count: > 0 } other)
            {
                return other with { Wanted = route.Wanted, Problems = route.Problems, Gate = route.Gate };
            }
        }

        return route;
    }

    private sealed record TakenOutEntry(string Endpoint, VersionKey Key, long Revision, string Reason);
}
