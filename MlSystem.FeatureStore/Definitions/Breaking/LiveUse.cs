namespace MlSystem.FeatureStore.Definitions.Breaking;

/// <summary>A change would break what a live endpoint reads.</summary>
public sealed class DefinitionsInUseException(IReadOnlyList<BrokenService> breaks) : Exception(
    $"The change breaks feature services of live endpoints: {string.Join("; ", breaks.Where(broken => broken.Endpoints is { Count: > 0 }).Select(broken =>
        $"{broken.FeatureService} version {broken.Version} ({string.Join(", ", broken.Endpoints!)}): {string.Join(", ", broken.Problems)}"))}.")
{
    public IReadOnlyList<BrokenService> Breaks => breaks;
}

/// <summary>Finds out whether what a change breaks is in use. The registry is asked only when something breaks.</summary>
public sealed class LiveUse(RegistryClient registry)
{
    /// <summary>The broken services with the endpoints that are bound to them.</summary>
    /// <param name="refuse">Refuse what is in use or can't be judged; else only tell.</param>
    /// <exception cref="DefinitionsInUseException">A live endpoint is bound to one of them.</exception>
    /// <exception cref="RegistryUnreachableException">The registry could not be asked.</exception>
    public async Task<IReadOnlyList<BrokenService>> JudgeAsync(Catalog before, IReadOnlyList<BrokenService> broken, bool refuse, CancellationToken cancellationToken)
    {
        if (broken.Count == 0)
        {
            return broken;
        }

        ILookup<(string Service, int? Version), string> bound;
        try
        {
            bound = await registry.BoundAsync(cancellationToken);
        }
        catch (RegistryUnreachableException) when (!refuse)
        {
            return broken;
        }

        IReadOnlyList<BrokenService> judged = [.. broken.Select(service => service with
        {
            Endpoints = [.. bound[(service.FeatureService, service.Version)]
                .Concat(before.Service(service.FeatureService, null)?.Version == service.Version ? bound[(service.FeatureService, null)] : [])
                .Order(StringComparer.Ordinal)],
        })];
        return refuse && judged.Any(service => service.Endpoints is { Count: > 0 }) ? throw new DefinitionsInUseException(judged) : judged;
    }
}
