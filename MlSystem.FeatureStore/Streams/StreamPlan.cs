using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Ingestion.Sources;
using MlSystem.FeatureStore.Streams.Aggregates;
using MlSystem.FeatureStore.Streams.Windows;

namespace MlSystem.FeatureStore.Streams;

/// <summary>A stream feature view made ready to compute: its distinct windows, in each the distinct aggregates, and where each feature is found.</summary>
public sealed class StreamPlan
{
    private readonly List<WindowDefinition> _windows = [];
    private readonly List<List<(string Family, int Column, Datatype? Datatype)>> _lanes = [];
    private readonly (int Window, int Lane, double Quantile)[] _features;

    public StreamPlan(StreamFeatureView view, SourceDefinition source)
    {
        (Stream, View) = (view, view.View);
        Columns = new TopicColumns(source, View.IsSensitive);
        KeyColumns = [.. View.JoinKeys.Select(key => Columns.IndexOf(key.Name))];
        EventColumn = Columns.IndexOf(view.Definition.EventTimestampColumn);
        _features = [.. view.Features.Select(Place)];
        Windows = [.. _windows.Select(window => WindowSpec.Of(window, view.Definition.WatermarkDelaySeconds))];
    }

    public StreamFeatureView Stream { get; }

    public FeatureView View { get; }

    public TopicColumns Columns { get; }

    /// <summary>For each join key its place among the columns.</summary>
    public int[] KeyColumns { get; }

    public int EventColumn { get; }

    public long WatermarkDelayUs => (long)(Stream.Definition.WatermarkDelaySeconds * 1_000_000);

    public long AllowedLatenessUs => (long)(Stream.Definition.AllowedLatenessSeconds * 1_000_000);

    internal IReadOnlyList<WindowSpec> Windows { get; }

    internal WindowPanes[] NewState() =>
        [.. Windows.Select((window, i) => new WindowPanes(window, [.. _lanes[i].Select(lane => Make(lane.Family, lane.Datatype))], [.. _lanes[i].Select(lane => lane.Column)]))];

    /// <summary>The features of an entity when the clock shows a time.</summary>
    internal FeatureValue[] Values(WindowPanes[] windows, int key, long clockUs)
    {
        var slots = Array.ConvertAll(windows, window => window.Shown(key, clockUs));
        return Array.ConvertAll(_features, feature => windows[feature.Window].Result(feature.Lane, slots[feature.Window], feature.Quantile));
    }

    private (int Window, int Lane, double Quantile) Place(StreamFeature feature)
    {
        var window = _windows.FindIndex(known => (known.Type, known.SizeSeconds, known.HopSeconds) == (feature.Window.Type, feature.Window.SizeSeconds, feature.Window.HopSeconds));
        if (window < 0)
        {
            window = _windows.Count;
            _windows.Add(feature.Window);
            _lanes.Add([]);
        }

        var lane = (feature.Aggregation.Function, feature.Column is { } column ? Columns.IndexOf(column.Name) : -1, feature.Column?.Datatype);
        var place = _lanes[window].IndexOf(lane);
        if (place < 0)
        {
            place = _lanes[window].Count;
            _lanes[window].Add(lane);
        }

        return (window, place, feature.Aggregation.Quantile ?? 0);
    }

    private static Lane Make(string function, Datatype? datatype)
    {
        var whole = datatype is Datatype.Int32 or Datatype.Int64 or Datatype.Timestamp;
        return function switch
        {
            AggregationFunction.Count => new CountLane(),
            AggregationFunction.Sum => whole ? new WholeSumLane() : new SumLane(),
            AggregationFunction.Mean => new MeanLane(whole),
            AggregationFunction.Min => new ExtremeLane(greatest: false, whole),
            AggregationFunction.Max => new ExtremeLane(greatest: true, whole),
            AggregationFunction.Last => new LastLane(),
            AggregationFunction.Distinct => new DistinctLane(),
            _ => new QuantileLane(whole),
        };
    }
}
