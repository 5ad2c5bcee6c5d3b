using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;

namespace MlSystem.FeatureStore.Online;

/// <summary>Which columns of which views a read wants.</summary>
public sealed class OnlinePlan
{
    private readonly Catalog _catalog;
    private readonly List<FeatureView> _views = [];
    private readonly List<OnlineColumn> _columns = [];
    private readonly List<OnlineComputation> _computations = [];
    private readonly List<string> _unknown = [];

    private OnlinePlan(Catalog catalog) => _catalog = catalog;

    public IReadOnlyList<FeatureView> Views => _views;

    public IReadOnlyList<OnlineColumn> Columns => _columns;

    public IReadOnlyList<OnlineComputation> Computations => _computations;

    /// <summary>Join keys of all views, each once.</summary>
    public IReadOnlyList<Field> JoinKeys { get; private set; } = [];

    /// <summary>Columns that the request must bring along, each once.</summary>
    public IReadOnlyList<Field> RequestColumns { get; private set; } = [];

    /// <param name="references"><c>view:feature</c>.</param>
    /// <exception cref="FeastException">404 with every unknown view and feature, 422 when names collide.</exception>
    public static OnlinePlan OfReferences(Catalog catalog, IReadOnlyList<string> references, bool fullNames)
    {
        var plan = new OnlinePlan(catalog);
        foreach (var reference in references)
        {
            var parts = reference.Split(':');
            if (parts.Length == 2)
            {
                plan.Add(parts[0], parts[1], fullNames ? $"{parts[0]}__{parts[1]}" : parts[1], onDemandVersion: null);
            }
            else
            {
                plan._unknown.Add($"'{reference}' is not a feature reference; expected view:feature");
            }
        }

        return plan.Checked();
    }

    /// <param name="subset">Feature names of the service; empty for all.</param>
    /// <exception cref="FeastException">404 with everything unknown, 422 when names collide.</exception>
    public static OnlinePlan OfService(Catalog catalog, string name, int? version, IReadOnlyCollection<string> subset, bool fullNames)
    {
        var service = catalog.Service(name, version)
            ?? throw FeastException.NotFound(version is null ? $"Feature service {name} does not exist" : $"Feature service {name} version {version} does not exist");
        var features = subset.Count == 0 ? service.Features : [.. subset.Select(wanted => service.Features.FirstOrDefault(feature => feature.Name == wanted)).OfType<ServiceFeature>()];
        var plan = new OnlinePlan(catalog);
        plan._unknown.AddRange(subset.Where(wanted => service.Features.All(feature => feature.Name != wanted)).Select(wanted => $"Feature {wanted} does not exist in feature service {name}"));
        foreach (var feature in features)
        {
            plan.Add(feature.View, feature.Feature, fullNames ? $"{feature.View}__{feature.Name}" : feature.Name, feature.OnDemandVersion);
        }

        return plan.Checked();
    }

    private void Add(string view, string feature, string name, int? onDemandVersion)
    {
        if (_catalog.OnDemandView(view, onDemandVersion) is { } onDemand)
        {
            AddComputed(onDemand, feature, name);
        }
        else if (Stored(view, feature) is { } column)
        {
            _columns.Add(column with { Name = name });
        }
    }

    /// <summary>A stored feature; null and an entry in the list of the unknown where it can't be read.</summary>
    private OnlineColumn? Stored(string name, string feature)
    {
        if (!_catalog.Views.TryGetValue(name, out var view))
        {
            _unknown.Add($"Feature view {name} does not exist");
            return null;
        }

        if (view.IndexOf(feature) is var index && index < 0)
        {
            _unknown.Add($"Feature {feature} does not exist in feature view {name}");
            return null;
        }

        if (!view.Definition.Online)
        {
            _unknown.Add($"Feature view {name} is not online");
            return null;
        }

        if (!_views.Contains(view))
        {
            _views.Add(view);
        }

        return new OnlineColumn(feature, _views.IndexOf(view), index);
    }

    private void AddComputed(OnDemandView view, string feature, string name)
    {
        var index = view.IndexOf(feature);
        if (index < 0)
        {
            _unknown.Add($"Feature {feature} does not exist in feature view {view.Name}");
            return;
        }

        var computation = _computations.FindIndex(known => known.View == view);
        if (computation < 0)
        {
            computation = _computations.Count;
            _computations.Add(new OnlineComputation(view, [.. view.Program.Inputs.Select(input =>
                input.IsRequest ? new OnlineColumn(input.Field.Name, -1, -1) : Stored(input.Source, input.Field.Name) ?? default)]));
        }

        _columns.Add(new OnlineColumn(name, -1, index, computation));
    }

    private OnlinePlan Checked()
    {
        if (_unknown.Count > 0)
        {
            throw FeastException.NotFound(string.Join("; ", _unknown.Distinct(StringComparer.Ordinal)));
        }

        JoinKeys = [.. _views.SelectMany(view => view.JoinKeys).Distinct()];
        RequestColumns = [.. _computations.SelectMany(computation => computation.View.Program.Inputs).Where(input => input.IsRequest).Select(input => input.Field).Distinct()];
        if (RequestColumns.GroupBy(column => column.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } ambiguous)
        {
            throw new FeastException(
                StatusCodes.Status422UnprocessableEntity,
                $"Request column {ambiguous.Key} is {string.Join(" and ", ambiguous.Select(column => column.Datatype.Name()))} in different on-demand feature views; read them one by one.");
        }

        var duplicates = _columns.GroupBy(column => column.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToArray();
        return duplicates.Length == 0 ? this : throw new FeastException(
            StatusCodes.Status422UnprocessableEntity,
            $"Duplicate features named {string.Join(", ", duplicates)} found. Set full_feature_names to true, or ask for features with different names.");
    }
}
