namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Stream feature views.</summary>
public static class StreamViewRules
{
    private const long MaxWindowSeconds = 31_622_400;
    private const double MaxDelaySeconds = 604_800;
    private const double MaxLatenessSeconds = 2_592_000;

    /// <summary>Parts of a window's time that are kept for an entity.</summary>
    private const int MaxPanes = 2_000;

    public static void Check(DefinitionScope scope, string path, StreamFeatureViewDefinition view)
    {
        ViewRules.CheckTtl(scope, path, view.TtlSeconds);
        ViewRules.CheckStores(scope, path, view.Online, view.Offline);
        CheckRange(scope, $"{path}.watermark_delay_seconds", view.WatermarkDelaySeconds, MaxDelaySeconds);
        CheckRange(scope, $"{path}.allowed_lateness_seconds", view.AllowedLatenessSeconds, MaxLatenessSeconds);
        NameRules.CheckColumn(scope, $"{path}.event_timestamp_column", view.EventTimestampColumn);
        var keys = ViewRules.CheckEntities(scope, path, view.Entities);
        var columns = CheckSource(scope, path, view, keys);
        if (view.Aggregations.Count == 0)
        {
            scope.Error($"{path}.aggregations", "A stream feature view needs at least one aggregation.");
        }

        for (var i = 0; i < view.Aggregations.Count; i++)
        {
            CheckAggregation(scope, $"{path}.aggregations[{i}]", view.Aggregations[i], columns, view.WatermarkDelaySeconds);
        }

        var features = StreamFeatures.Of(view, columns);
        CheckNames(scope, path, keys, view, features);
        ViewRules.CheckSensitive(scope, path, view.SensitiveColumns, [.. keys.Select(key => key.Name), .. features.Select(feature => feature.Name), .. columns.Select(column => column.Name)]);
        ExpiredRules.Check(scope, path, view.Expired, view.TtlSeconds, features.Select(feature => (feature.Name, (Datatype?)feature.Datatype)));
        ViewRules.CheckStored(scope, path, view.Name, view.Entities, [.. features.Select(feature => (feature.Name, (Datatype?)feature.Datatype, $"{path}.aggregations"))]);
    }

    private static void CheckRange(DefinitionScope scope, string path, double seconds, double max)
    {
        if (!(seconds >= 0 && seconds <= max))
        {
            scope.Error(path, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{seconds} is not allowed; from 0 to {max} seconds."));
        }
    }

    private static IReadOnlyList<Field> CheckSource(DefinitionScope scope, string path, StreamFeatureViewDefinition view, IReadOnlyList<FieldDefinition> keys)
    {
        if (!scope.Sources.TryGetValue(view.Source, out var source) || source.Kind != SourceKind.Topic)
        {
            scope.Error($"{path}.source", source is null ? $"There is no source '{view.Source}'." : $"Source '{view.Source}' is of kind {source.Kind}; a stream feature view needs a topic.");
            return [];
        }

        var columns = DefinitionScope.Fields(source.Columns);
        foreach (var (name, datatype) in keys.Select(key => (key.Name, key.Datatype)).Append((view.EventTimestampColumn, Datatype.Timestamp.Name())))
        {
            if (columns.FirstOrDefault(column => column.Name == name) is not { } column)
            {
                scope.Error($"{path}.source", $"Source '{source.Name}' has no column '{name}'.");
            }
            else if (column.Datatype.Name() != datatype)
            {
                scope.Error($"{path}.source", $"Column '{name}' of source '{source.Name}' is {column.Datatype.Name()}, the view needs {datatype}.");
            }
        }

        return columns;
    }

    private static void CheckAggregation(DefinitionScope scope, string path, AggregationDefinition aggregation, IReadOnlyList<Field> columns, double delaySeconds)
    {
        var column = aggregation.Column is { } name ? columns.FirstOrDefault(field => field.Name == name) : null;
        if (!AggregationFunction.All.Contains(aggregation.Function))
        {
            scope.Error($"{path}.function", $"'{aggregation.Function}' is not a function; allowed: {string.Join(' ', AggregationFunction.All)}.");
        }
        else if (aggregation.Column is null && aggregation.Function != AggregationFunction.Count)
        {
            scope.Error($"{path}.column", $"{aggregation.Function} needs a column.");
        }
        else if (aggregation.Column is not null && column is null)
        {
            scope.Error($"{path}.column", $"The source has no column '{aggregation.Column}'.");
        }
        else if (StreamFeatures.Datatype(aggregation.Function, column?.Datatype) is null)
        {
            scope.Error($"{path}.function", $"{aggregation.Function} does not take {column!.Datatype.Name()}.");
        }

        if (aggregation.Function == AggregationFunction.Quantile != aggregation.Quantile is not null || aggregation.Quantile is not (null or (> 0 and < 1)))
        {
            scope.Error($"{path}.quantile", "A quantile between 0 and 1 (both exclusive) belongs to the function quantile, and only to it.");
        }

        CheckWindows(scope, $"{path}.windows", aggregation.Windows);
        CheckPanes(scope, $"{path}.windows", aggregation.Windows, delaySeconds);
    }

    /// <summary>Bounds the memory of an entity.</summary>
    private static void CheckPanes(DefinitionScope scope, string path, IReadOnlyList<WindowDefinition> windows, double delaySeconds)
    {
        for (var i = 0; i < windows.Count; i++)
        {
            var step = windows[i].Type switch { WindowType.Tumbling => windows[i].SizeSeconds, WindowType.Hopping => windows[i].HopSeconds ?? 0, _ => 0 };
            if (step > 0 && (windows[i].SizeSeconds + delaySeconds) / step > MaxPanes)
            {
                scope.Error($"{path}[{i}]", $"The window's size and the watermark delay together are more than {MaxPanes} times its {(windows[i].Type == WindowType.Hopping ? "hop" : "size")}: take a greater one.");
            }
        }
    }

    private static void CheckWindows(DefinitionScope scope, string path, IReadOnlyList<WindowDefinition> windows)
    {
        if (windows.Count == 0)
        {
            scope.Error(path, "An aggregation needs at least one window.");
        }

        for (var i = 0; i < windows.Count; i++)
        {
            var window = windows[i];
            if (!WindowType.All.Contains(window.Type))
            {
                scope.Error($"{path}[{i}].type", $"'{window.Type}' is not a type of window; allowed: {string.Join(' ', WindowType.All)}.");
            }

            if (window.SizeSeconds is < 1 or > MaxWindowSeconds)
            {
                scope.Error($"{path}[{i}].size_seconds", $"{window.SizeSeconds} is not allowed; from 1 to {MaxWindowSeconds} seconds (366 days).");
            }

            if ((window.Type == WindowType.Hopping) != window.HopSeconds is not null
                || (window.HopSeconds is { } hop && (hop < 1 || hop > window.SizeSeconds || window.SizeSeconds % hop != 0)))
            {
                scope.Error($"{path}[{i}].hop_seconds", "A hopping window, and no other, needs a hop that divides its size.");
            }
        }
    }

    private static void CheckNames(DefinitionScope scope, string path, IReadOnlyList<FieldDefinition> keys, StreamFeatureViewDefinition view, IReadOnlyList<StreamFeature> features)
    {
        foreach (var feature in features)
        {
            NameRules.CheckColumn(scope, $"{path}.aggregations", feature.Name);
        }

        NameRules.CheckDistinct(scope, $"{path}.aggregations", [.. keys.Select(key => key.Name), view.EventTimestampColumn, .. features.Select(feature => feature.Name)]);
    }
}
