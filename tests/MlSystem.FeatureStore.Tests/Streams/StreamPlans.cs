using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online.Packing;
using MlSystem.FeatureStore.Streams;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>Plans without a service: columns <c>user_id</c> BYTES, <c>at</c>, <c>amount</c> INT64, <c>item</c> BYTES.</summary>
internal static class StreamPlans
{
    public static StreamPlan Of(double delay, double lateness, params AggregationDefinition[] aggregations)
    {
        var source = new SourceDefinition
        {
            Name = "source",
            Kind = SourceKind.Topic,
            Topic = "topic",
            Columns =
            [
                new() { Name = "user_id", Datatype = "BYTES" }, new() { Name = "at", Datatype = "TIMESTAMP", Unit = "microseconds" },
                new() { Name = "amount", Datatype = "INT64" }, new() { Name = "item", Datatype = "BYTES" },
            ],
        };
        Field[] columns = [new("user_id", Datatype.Bytes), new("at", Datatype.Timestamp), new("amount", Datatype.Int64), new("item", Datatype.Bytes)];
        var stream = new StreamFeatureViewDefinition
        {
            Name = "activity", Entities = ["user"], Source = "source", EventTimestampColumn = "at", WatermarkDelaySeconds = delay, AllowedLatenessSeconds = lateness, Aggregations = aggregations,
        };
        var features = StreamFeatures.Of(stream, columns);
        var definition = new FeatureViewDefinition { Name = "activity", Entities = ["user"], Source = "source", EventTimestampColumn = "at" };
        var layout = new PackedLayout(1, [.. features.Select(feature => new Field(feature.Name, feature.Datatype))]);
        var view = new FeatureView(definition, 1, [columns[0]], new Dictionary<int, PackedLayout> { [1] = layout }, stream);
        return new StreamPlan(new StreamFeatureView("activity", 1, stream, features, view), source);
    }

    public static AggregationDefinition Aggregation(string function, string? column, params WindowDefinition[] windows) =>
        new() { Function = function, Column = column, Quantile = function == AggregationFunction.Quantile ? 0.5 : null, Windows = windows };

    public static WindowDefinition Sliding(long size) => new() { SizeSeconds = size };

    public static WindowDefinition Tumbling(long size) => new() { Type = WindowType.Tumbling, SizeSeconds = size };

    public static WindowDefinition Hopping(long size, long hop) => new() { Type = WindowType.Hopping, SizeSeconds = size, HopSeconds = hop };
}
