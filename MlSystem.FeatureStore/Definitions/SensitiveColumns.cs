namespace MlSystem.FeatureStore.Definitions;

/// <summary>Which columns of a feature service are sensitive.</summary>
public static class SensitiveColumns
{
    /// <summary>Join keys, and features by their names in the service. A computed feature is sensitive where its view says so, or where it uses a sensitive one.</summary>
    public static IReadOnlyList<string> Of(Catalog catalog, FeatureService service)
    {
        var views = service.Features.Select(feature => feature.View)
            .Concat(service.Features.SelectMany(feature => OnDemand(catalog, feature)?.Program.Inputs.Select(input => input.Source) ?? []))
            .Distinct(StringComparer.Ordinal).Select(catalog.Views.GetValueOrDefault).OfType<FeatureView>().ToArray();
        return [.. service.JoinKeys.Select(key => key.Name).Where(key => views.Any(view => view.IsSensitive(key))),
            .. service.Features.Where(feature => IsSensitive(catalog, feature)).Select(feature => feature.Name)];
    }

    private static bool IsSensitive(Catalog catalog, ServiceFeature feature) =>
        OnDemand(catalog, feature) is { } view
            ? view.Definition.SensitiveColumns?.Contains(feature.Feature) == true || view.Program.InputsOf(view.IndexOf(feature.Feature)).Any(input => IsSensitive(catalog, input.Source, input.Field.Name))
            : IsSensitive(catalog, feature.View, feature.Feature);

    private static bool IsSensitive(Catalog catalog, string view, string column) => catalog.Views.TryGetValue(view, out var found) && found.IsSensitive(column);

    private static OnDemandView? OnDemand(Catalog catalog, ServiceFeature feature) =>
        feature.OnDemandVersion is { } version ? catalog.OnDemandView(feature.View, version) : null;
}
