using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;

namespace MlSystem.FeatureStore.Online;

/// <summary>Which columns of which views a read wants.</summary>
public sealed class OnlinePlan
{
    private readonly List<FeatureView> _views = [];
    private readonly List<OnlineColumn> _columns = [];

    private OnlinePlan()
    {
    }

    public IReadOnlyList<FeatureView> Views => _views;

    public IReadOnlyList<OnlineColumn> Columns => _columns;

    /// <summary>Join keys of all views, each once.</summary>
    public IReadOnlyList<Field> JoinKeys => [.. _views.SelectMany(view => view.JoinKeys).Distinct()];

    /// <param name="references"><c>view:feature</c>.</param>
    /// <exception cref="FeastException">404 with every unknown view and feature, 422 when names collide.</exception>
    public static OnlinePlan OfReferences(Catalog catalog, IReadOnlyList<string> references, bool fullNames)
    {
        var plan = new OnlinePlan();
        var unknown = new List<string>();
        foreach (var reference in references)
        {
            var parts = reference.Split(':');
            if (parts.Length != 2)
            {
                unknown.Add($"'{reference}' is not a feature reference; expected view:feature");
            }
            else if (!catalog.Views.TryGetValue(parts[0], out var view))
            {
                unknown.Add($"Feature view {parts[0]} does not exist");
            }
            else if (view.IndexOf(parts[1]) < 0)
            {
                unknown.Add($"Feature {parts[1]} does not exist in feature view {parts[0]}");
            }
            else
            {
                plan.Add(view, parts[1], fullNames ? $"{parts[0]}__{parts[1]}" : parts[1], unknown);
            }
        }

        return plan.Checked(unknown);
    }

    /// <param name="subset">Feature names of the service; empty for all.</param>
    /// <exception cref="FeastException">404 with everything unknown, 422 when names collide.</exception>
    public static OnlinePlan OfService(Catalog catalog, string name, int? version, IReadOnlyCollection<string> subset, bool fullNames)
    {
        var service = catalog.Service(name, version)
            ?? throw FeastException.NotFound(version is null ? $"Feature service {name} does not exist" : $"Feature service {name} version {version} does not exist");
        var features = subset.Count == 0 ? service.Features : [.. subset.Select(wanted => service.Features.FirstOrDefault(feature => feature.Name == wanted)).OfType<ServiceFeature>()];
        var unknown = subset.Where(wanted => service.Features.All(feature => feature.Name != wanted))
            .Select(wanted => $"Feature {wanted} does not exist in feature service {name}").ToList();
        var plan = new OnlinePlan();
        foreach (var feature in features)
        {
            plan.Add(catalog.Views[feature.View], feature.Feature, fullNames ? $"{feature.View}__{feature.Name}" : feature.Name, unknown);
        }

        return plan.Checked(unknown);
    }

    private void Add(FeatureView view, string feature, string name, List<string> unknown)
    {
        if (!view.Definition.Online)
        {
            unknown.Add($"Feature view {view.Name} is not online");
            return;
        }

        var ordinal = _views.IndexOf(view);
        if (ordinal < 0)
        {
            ordinal = _views.Count;
            _views.Add(view);
        }

        _columns.Add(new OnlineColumn(name, ordinal, view.IndexOf(feature)));
    }

    private OnlinePlan Checked(List<string> unknown)
    {
        if (unknown.Count > 0)
        {
            throw FeastException.NotFound(string.Join("; ", unknown.Distinct(StringComparer.Ordinal)));
        }

        var duplicates = _columns.GroupBy(column => column.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToArray();
        return duplicates.Length == 0 ? this : throw new FeastException(
            StatusCodes.Status422UnprocessableEntity,
            $"Duplicate features named {string.Join(", ", duplicates)} found. Set full_feature_names to true, or ask for features with different names.");
    }
}
