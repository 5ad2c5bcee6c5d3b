namespace MlSystem.FeatureStore.Definitions.Breaking;

/// <summary>A version of a feature service that can't be read any more after a change.</summary>
/// <param name="Problems">What it lacks.</param>
/// <param name="Endpoints">Endpoints whose versions are bound to it, as <c>endpoint: model version 3</c>; null: the registry could not be asked.</param>
public sealed record BrokenService(string FeatureService, int Version, IReadOnlyList<string> Problems, IReadOnlyList<string>? Endpoints);

/// <summary>What a version of a feature service reads, and whether it is there.</summary>
public static class ServiceNeeds
{
    /// <summary>Versions that can be read before a change and not after it.</summary>
    public static IReadOnlyList<BrokenService> Broken(Catalog before, Catalog after) =>
        [.. from service in before.Services.Values.SelectMany(versions => versions)
            let problems = Problems(after, service).Except(Problems(before, service), StringComparer.Ordinal).ToArray()
            where problems.Length > 0
            orderby service.Name, service.Version
            select new BrokenService(service.Name, service.Version, problems, null)];

    /// <summary>Why a version of a service can't be read; empty: it can.</summary>
    public static IReadOnlyList<string> Problems(Catalog catalog, FeatureService service)
    {
        if (catalog.Service(service.Name, service.Version) is null)
        {
            return [$"feature service '{service.Name}' is deleted"];
        }

        return [.. service.Features.SelectMany(feature => Problems(catalog, feature)).Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Problems(Catalog catalog, ServiceFeature feature)
    {
        if (feature.OnDemandVersion is not { } version)
        {
            return Problems(catalog, feature.View, new Field(feature.Feature, feature.Datatype));
        }

        return catalog.OnDemandView(feature.View, version) is { } onDemand
            ? onDemand.Program.Inputs.Where(input => !input.IsRequest).SelectMany(input => Problems(catalog, input.Source, input.Field))
            : [$"on-demand feature view '{feature.View}' version {version} is deleted"];
    }

    private static IEnumerable<string> Problems(Catalog catalog, string name, Field feature)
    {
        if (!catalog.Views.TryGetValue(name, out var view))
        {
            return [$"feature view '{name}' is deleted"];
        }

        if (view.IndexOf(feature.Name) < 0)
        {
            return [$"feature '{name}:{feature.Name}' is removed"];
        }

        return view.Definition.Online ? [] : [$"feature view '{name}' is not online"];
    }
}
