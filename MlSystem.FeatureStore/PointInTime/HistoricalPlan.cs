using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.OnDemand;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>Finds the features of a historical read.</summary>
public sealed class HistoricalPlan
{
    private readonly Catalog _catalog;
    private readonly List<HistoricalFeature> _features = [];
    private readonly List<(OnDemandView View, List<(int Feature, string Name)> Outputs)> _computed = [];
    private readonly Dictionary<OnDemandInput, string> _inputs = [];
    private readonly List<string> _outputs = [];
    private readonly List<string> _unknown = [];
    private readonly List<string> _mistakes = [];

    private HistoricalPlan(Catalog catalog) => _catalog = catalog;

    /// <exception cref="HistoricalRefusedException">404 with everything that is unknown, 422 for everything else.</exception>
    public static HistoricalRequest Of(Catalog catalog, FeatureSelection selection) =>
        selection.Service is null == selection.Features is null
            ? throw new HistoricalRefusedException(
                StatusCodes.Status422UnprocessableEntity, "feature_service", "Exactly one of feature_service and features (a list of \"view:feature\") is required.")
            : selection.Service is { } service
                ? OfService(catalog, service, selection.Version, selection.EventTimestampColumn, selection.FullNames)
                : OfReferences(catalog, selection.Features!, selection.EventTimestampColumn, selection.FullNames);

    private static HistoricalRequest OfService(Catalog catalog, string name, int? version, string eventTimestampColumn, bool fullNames)
    {
        var service = catalog.Service(name, version) ?? throw new HistoricalRefusedException(
            StatusCodes.Status404NotFound, "feature_service", version is null ? $"There is no feature service '{name}'." : $"There is no feature service '{name}' version {version}.");
        var plan = new HistoricalPlan(catalog);
        foreach (var feature in service.Features)
        {
            plan.Add(feature.View, feature.Feature, fullNames ? $"{feature.View}__{feature.Name}" : feature.Name, feature.OnDemandVersion, $"{feature.View}:{feature.Feature}");
        }

        return plan.Checked(eventTimestampColumn);
    }

    /// <param name="references"><c>view:feature</c>.</param>
    private static HistoricalRequest OfReferences(Catalog catalog, IReadOnlyList<string> references, string eventTimestampColumn, bool fullNames)
    {
        var plan = new HistoricalPlan(catalog);
        foreach (var reference in references)
        {
            var parts = reference.Split(':');
            if (parts.Length == 2)
            {
                plan.Add(parts[0], parts[1], fullNames ? $"{parts[0]}__{parts[1]}" : parts[1], onDemandVersion: null, reference);
            }
            else
            {
                plan._unknown.Add(Unknown(reference));
            }
        }

        return plan.Checked(eventTimestampColumn);
    }

    private static string Unknown(string reference) => $"There is no feature '{reference}'; expected view:feature.";

    private void Add(string view, string feature, string name, int? onDemandVersion, string reference)
    {
        if (_catalog.OnDemandView(view, onDemandVersion) is { } onDemand)
        {
            AddComputed(onDemand, feature, name, reference);
        }
        else if (AddStored(view, feature, name, reference))
        {
            _outputs.Add(name);
        }
    }

    private bool AddStored(string name, string feature, string column, string reference)
    {
        if (!_catalog.Views.TryGetValue(name, out var view) || view.IndexOf(feature) < 0)
        {
            _unknown.Add(Unknown(reference));
            return false;
        }

        if (!view.Definition.Offline)
        {
            _mistakes.Add($"Feature view '{name}' is not offline.");
        }

        _features.Add(new HistoricalFeature(view, feature, column));
        return true;
    }

    private void AddComputed(OnDemandView view, string feature, string name, string reference)
    {
        var index = view.IndexOf(feature);
        if (index < 0)
        {
            _unknown.Add(Unknown(reference));
            return;
        }

        var known = _computed.FindIndex(computed => computed.View == view);
        if (known < 0)
        {
            known = _computed.Count;
            _computed.Add((view, []));
        }

        _computed[known].Outputs.Add((index, name));
        _outputs.Add(name);
    }

    /// <summary>A column that no entity row can bring along: such names are reserved.</summary>
    private string Input(OnDemandInput input)
    {
        if (input.IsRequest)
        {
            return input.Field.Name;
        }

        if (!_inputs.TryGetValue(input, out var column))
        {
            _inputs[input] = column = $"__input_{_inputs.Count}";
            AddStored(input.Source, input.Field.Name, column, $"{input.Source}:{input.Field.Name}");
        }

        return column;
    }

    private HistoricalRequest Checked(string eventTimestampColumn)
    {
        HistoricalComputation[] computations = [.. _computed.Select(computed =>
            new HistoricalComputation(computed.View.Program, [.. computed.View.Program.Inputs.Select(Input)], computed.Outputs))];
        if (_unknown.Count > 0)
        {
            throw new HistoricalRefusedException(StatusCodes.Status404NotFound, "features", [.. _unknown.Distinct(StringComparer.Ordinal)]);
        }

        _mistakes.AddRange(_outputs.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1)
            .Select(group => $"The name '{group.Key}' stands for {group.Count()} features; set full_feature_names to true."));
        var request = new HistoricalRequest { Features = _features, Computations = computations, Outputs = _outputs, EventTimestampColumn = eventTimestampColumn };
        _mistakes.AddRange(request.RequestColumns.GroupBy(column => column.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1)
            .Select(group => $"Request column '{group.Key}' is {string.Join(" and ", group.Select(column => column.Datatype.Name()))} in different on-demand feature views; read them one by one."));
        return _mistakes.Count > 0 ? throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "features", [.. _mistakes.Distinct(StringComparer.Ordinal)]) : request;
    }
}
