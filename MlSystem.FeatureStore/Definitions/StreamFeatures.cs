namespace MlSystem.FeatureStore.Definitions;

/// <summary>One feature of a stream feature view.</summary>
/// <param name="Column">The aggregated column of the source; null: events are counted.</param>
public sealed record StreamFeature(string Name, Datatype Datatype, AggregationDefinition Aggregation, WindowDefinition Window, Field? Column);

/// <summary>The features of a stream feature view: one for each aggregation and window, in their order.</summary>
public static class StreamFeatures
{
    private static readonly (long Seconds, string Unit)[] Units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

    /// <param name="columns">Columns of the source. An aggregation of a column that is not there is left out; validation tells.</param>
    public static IReadOnlyList<StreamFeature> Of(StreamFeatureViewDefinition view, IReadOnlyList<Field> columns) =>
        [.. from aggregation in view.Aggregations
            let column = aggregation.Column is { } name ? columns.FirstOrDefault(field => field.Name == name) : null
            where aggregation.Column is null || column is not null
            let datatype = Datatype(aggregation.Function, column?.Datatype)
            where datatype is not null
            from window in aggregation.Windows
            select new StreamFeature($"{Prefix(aggregation)}_{Suffix(window)}", datatype.Value, aggregation, window, column)];

    /// <summary>The name of an aggregation's features up to the window.</summary>
    public static string Prefix(AggregationDefinition aggregation) =>
        aggregation.Name ?? (aggregation.Column is { } column ? $"{column}_{aggregation.Function}" : aggregation.Function);

    /// <summary>The name of a window in a feature's name.</summary>
    public static string Suffix(WindowDefinition window)
    {
        if (window.Name is { } name)
        {
            return name;
        }

        var (seconds, unit) = Units.First(unit => window.SizeSeconds % unit.Seconds == 0);
        var size = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{window.SizeSeconds / seconds}{unit}");
        return window.Type == WindowType.Sliding ? size : $"{window.Type}_{size}";
    }

    /// <summary>The datatype of an aggregate; null where the function does not take the column's.</summary>
    public static Datatype? Datatype(string function, Datatype? column) => function switch
    {
        AggregationFunction.Count => Definitions.Datatype.Int64,
        AggregationFunction.Distinct when column is not null => Definitions.Datatype.Int64,
        AggregationFunction.Sum when column is Definitions.Datatype.Int32 or Definitions.Datatype.Int64 => Definitions.Datatype.Int64,
        AggregationFunction.Sum or AggregationFunction.Mean or AggregationFunction.Quantile when column is { } number && number.IsNumber() => Definitions.Datatype.Fp64,
        AggregationFunction.Min or AggregationFunction.Max when column is { } ordered && (ordered.IsNumber() || ordered == Definitions.Datatype.Timestamp) => column,
        AggregationFunction.Last => column,
        _ => null,
    };
}
