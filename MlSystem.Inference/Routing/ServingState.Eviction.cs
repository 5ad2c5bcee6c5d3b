using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Routing;

// Who leaves memory when another needs the room.
public sealed partial class ServingState
{
    /// <summary>
    /// Lets go of one version that serves nothing now (former live ones, those asked for by number), else puts the endpoint to sleep
    /// that was used least recently. Never what is in use, waited for, or pinned.
    /// </summary>
    /// <returns>False when nothing may leave.</returns>
    private bool TryEvict()
    {
        lock (_lock)
        {
            var needed = _awake.Where(_table.Endpoints.ContainsKey).ToDictionary(name => name, name => Needed(_table.Endpoints[name]).ToHashSet(), StringComparer.Ordinal);
            return TryEvictSpare(needed) || TrySleep(needed);
        }
    }

    private bool TryEvictSpare(Dictionary<string, HashSet<VersionKey>> needed)
    {
        var spare = _residents.Ready.Where(version => version.IsIdle && !needed.Values.Any(keys => keys.Contains(version.Key))).MinBy(version => version.LastUse);
        if (spare is null)
        {
            return false;
        }

        _extra.Remove(key => key == spare.Key);
        foreach (var (name, keys) in _formerLive.ToList())
        {
            _formerLive[name] = [.. keys.Where(key => key != spare.Key)];
        }

        Let(spare.Key);
        return true;
    }

    private bool TrySleep(Dictionary<string, HashSet<VersionKey>> needed)
    {
        var pinned = needed.Where(pair => _desired[pair.Key].Pinned).SelectMany(pair => pair.Value).ToHashSet();
        var sleepers = needed
            .Where(pair => !_desired[pair.Key].Pinned && !_holds.ContainsKey(pair.Key))
            .Select(pair => (Name: pair.Key, Versions: pair.Value.Select(_residents.Find).OfType<LoadedVersion>().Where(version => !pinned.Contains(version.Key)).ToList()))
            .Where(candidate => candidate.Versions.Count > 0 && candidate.Versions.TrueForAll(version => version.IsIdle))
            .ToList();
        if (sleepers.Count == 0)
        {
            return false;
        }

        var sleeper = sleepers.MinBy(candidate => candidate.Versions.Max(version => version.LastUse));

        // Asleep before its versions go: a request that comes now waits for the load instead of finding nothing.
        _awake.Remove(sleeper.Name);
        Publish([sleeper.Name]);
        foreach (var version in sleeper.Versions.Where(version => !needed.Any(pair => pair.Key != sleeper.Name && pair.Value.Contains(version.Key))))
        {
            Let(version.Key);
        }

        return true;
    }

    private void Let(VersionKey key)
    {
        _residents.Drop(key);
        _versionMetrics.Evicted();
    }

    private long PinnedBytes()
    {
        lock (_lock)
        {
            return _desired.Values.Where(endpoint => endpoint.Pinned).SelectMany(RoutePlan.Keys).Distinct().Select(_residents.Find).Sum(version => version?.Bytes ?? 0);
        }
    }
}
