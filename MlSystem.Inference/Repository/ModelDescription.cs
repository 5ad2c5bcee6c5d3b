using MlSystem.Inference.Features;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Repository;

/// <summary>The protocol's model metadata.</summary>
public sealed record ModelDescription
{
    public required string Name { get; init; }

    /// <summary>Versions that the endpoint's live variants serve.</summary>
    public required IReadOnlyList<string> Versions { get; init; }

    public required string Platform { get; init; }

    public required IReadOnlyList<TensorDescription> Inputs { get; init; }

    public required IReadOnlyList<TensorDescription> Outputs { get; init; }

    /// <summary>
    /// <c>feature_service</c>, <c>feature_service_version</c>, <c>join_keys</c> and <c>join_key_datatypes</c> (comma-separated) where absent
    /// inputs can be looked up; <c>request_columns</c> and <c>request_column_datatypes</c> where computed ones among them need them; <c>nullable_inputs</c> where a missing value is accepted; <c>members</c> of a graph, as <c>model/version</c>; the settings of <see cref="Runtimes.Execution"/>.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    public static ModelDescription Of(EndpointRoute route, RoutedVariant variant)
    {
        var runtime = variant.Version.Runtime;
        return new ModelDescription
        {
            Name = variant.Endpoint,
            Platform = runtime.Platform,
            Versions = route.Live.Count == 0
                ? [variant.Version.VersionText]
                : [.. route.Live.Select(live => live.Version.VersionText).Append(variant.Version.VersionText).Distinct().Order(StringComparer.Ordinal)],
            Inputs = [.. runtime.Inputs.Select(TensorDescription.Of)],
            Outputs = [.. runtime.Outputs.Select(TensorDescription.Of)],
            Properties = PropertiesOf(variant),
        };
    }

    private static SortedDictionary<string, string> PropertiesOf(RoutedVariant variant)
    {
        var properties = new SortedDictionary<string, string>(variant.Version.Execution.Describe().ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        var runtime = variant.Version.Runtime;
        if (variant.Version.Lineage is { FeatureService: { } service } lineage)
        {
            properties["feature_service"] = service;
            properties["feature_service_version"] = (lineage.FeatureServiceVersion ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture);
            AddColumns(properties, "join_key", runtime.JoinKeys.Where(key => LookupColumns.IsJoinKey(lineage, key.Name)));
            AddColumns(properties, "request_column", runtime.JoinKeys.Where(key => !LookupColumns.IsJoinKey(lineage, key.Name)));
        }

        if (variant.Version.Members.Count > 0)
        {
            properties["members"] = string.Join(',', variant.Version.Members.Select(member => member.Key.ToString()));
        }

        var nullable = runtime.Inputs.Where(input => input.Nullable).Select(input => input.Name).ToList();
        if (nullable.Count > 0)
        {
            properties["nullable_inputs"] = string.Join(',', nullable);
        }

        return properties;
    }

    private static void AddColumns(SortedDictionary<string, string> properties, string kind, IEnumerable<TensorInfo> columns)
    {
        var known = columns.ToList();
        if (known.Count > 0)
        {
            properties[kind + "s"] = string.Join(',', known.Select(column => column.Name));
            properties[kind + "_datatypes"] = string.Join(',', known.Select(column => column.Datatype.Name()));
        }
    }
}

/// <summary>One input or output; -1 stands for a dynamic dimension.</summary>
public sealed record TensorDescription(string Name, string Datatype, IReadOnlyList<long> Shape)
{
    public static TensorDescription Of(TensorInfo info) => new(info.Name, info.Datatype.Name(), info.Shape);
}
