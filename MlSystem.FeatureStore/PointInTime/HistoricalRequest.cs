using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>One feature of a historical read.</summary>
/// <param name="Name">Its column in the answer.</param>
public sealed record HistoricalFeature(FeatureView View, string Feature, string Name);

/// <summary>A historical read, checked against the catalog.</summary>
public sealed class HistoricalRequest
{
    public required IReadOnlyList<HistoricalFeature> Features { get; init; }

    /// <summary>The entity rows' column with the label time.</summary>
    public required string EventTimestampColumn { get; init; }

    /// <summary>Views in the order of their first feature.</summary>
    public IReadOnlyList<FeatureView> Views => [.. Features.Select(feature => feature.View).Distinct()];

    /// <summary>Join keys of all views, each once.</summary>
    public IReadOnlyList<Field> JoinKeys => [.. Views.SelectMany(view => view.JoinKeys).Distinct()];
}

/// <summary>A historical read was refused.</summary>
public sealed class HistoricalRefusedException(int status, IReadOnlyDictionary<string, string[]> errors) : Exception("The historical read is not valid.")
{
    public HistoricalRefusedException(int status, string place, params string[] messages) : this(status, new Dictionary<string, string[]>(StringComparer.Ordinal) { [place] = messages })
    {
    }

    public int Status => status;

    /// <summary>Place in the request → what is wrong.</summary>
    public IReadOnlyDictionary<string, string[]> Errors => errors;
}

/// <summary>Finds the features of a historical read.</summary>
public static class HistoricalPlan
{
    /// <exception cref="HistoricalRefusedException">404 with everything that is unknown, 422 when columns collide or a view is not offline.</exception>
    public static HistoricalRequest OfService(Catalog catalog, string name, int? version, string eventTimestampColumn, bool fullNames)
    {
        var service = catalog.Service(name, version) ?? throw new HistoricalRefusedException(
            StatusCodes.Status404NotFound, "feature_service", version is null ? $"There is no feature service '{name}'." : $"There is no feature service '{name}' version {version}.");
        return Checked(eventTimestampColumn, [.. service.Features.Select(feature =>
            new HistoricalFeature(catalog.Views[feature.View], feature.Feature, fullNames ? $"{feature.View}__{feature.Name}" : feature.Name))]);
    }

    /// <param name="references"><c>view:feature</c>.</param>
    /// <exception cref="HistoricalRefusedException">404 with everything that is unknown, 422 when columns collide or a view is not offline.</exception>
    public static HistoricalRequest OfReferences(Catalog catalog, IReadOnlyList<string> references, string eventTimestampColumn, bool fullNames)
    {
        var unknown = new List<string>();
        var features = new List<HistoricalFeature>();
        foreach (var reference in references)
        {
            var parts = reference.Split(':');
            if (parts.Length != 2 || !catalog.Views.TryGetValue(parts[0], out var view) || view.IndexOf(parts[1]) < 0)
            {
                unknown.Add($"There is no feature '{reference}'; expected view:feature.");
            }
            else
            {
                features.Add(new HistoricalFeature(view, parts[1], fullNames ? $"{parts[0]}__{parts[1]}" : parts[1]));
            }
        }

        return unknown.Count > 0 ? throw new HistoricalRefusedException(StatusCodes.Status404NotFound, "features", [.. unknown]) : Checked(eventTimestampColumn, features);
    }

    private static HistoricalRequest Checked(string eventTimestampColumn, IReadOnlyList<HistoricalFeature> features)
    {
        var mistakes = features.Where(feature => !feature.View.Definition.Offline).Select(feature => $"Feature view '{feature.View.Name}' is not offline.")
            .Concat(features.GroupBy(feature => feature.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1)
                .Select(group => $"The name '{group.Key}' stands for {group.Count()} features; set full_feature_names to true."))
            .Distinct(StringComparer.Ordinal).ToArray();
        return mistakes.Length > 0 ? throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "features", mistakes)
            : new HistoricalRequest { Features = features, EventTimestampColumn = eventTimestampColumn };
    }
}
