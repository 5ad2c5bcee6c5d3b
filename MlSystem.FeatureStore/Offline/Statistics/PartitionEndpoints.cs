using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Offline.Statistics;

/// <summary><c>GET /api/feature-views/{view}/partitions</c>: what the offline store has of a view, by UTC date of the event time. Reads no Parquet file.</summary>
public static class PartitionEndpoints
{
    public static IEndpointRouteBuilder MapPartitions(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/feature-views/{view}/partitions", GetAsync).WithTags("Offline store")
            .WithSummary("Rows, times and feature statistics of each partition; from and to (dates, inclusive) choose partitions.");
        return routes;
    }

    private static async Task<Results<Ok<PartitionList>, ProblemHttpResult>> GetAsync(
        string view, CatalogStore catalog, OfflineProgress progress, OfflineManifest manifest, CancellationToken cancellationToken, DateOnly? from = null, DateOnly? to = null)
    {
        if (!catalog.Current.Views.TryGetValue(view, out var found) && !(await catalog.RefreshAsync(cancellationToken)).Views.TryGetValue(view, out found))
        {
            return TypedResults.Problem($"There is no feature view '{view}'.", statusCode: StatusCodes.Status404NotFound);
        }

        try
        {
            await progress.CatchUpAsync(cancellationToken);
        }
        catch (OfflineStoreException unavailable)
        {
            return TypedResults.Problem(unavailable.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        var files = await manifest.ReadAsync(view, new OfflineRange(from, to), cancellationToken);
        return TypedResults.Ok(new PartitionList(view, [.. files.GroupBy(file => file.Date).Select(group => Partition.Of(found, group.Key, [.. group]))]));
    }
}

/// <summary>The partitions of a view, oldest first.</summary>
public sealed record PartitionList(string FeatureView, IReadOnlyList<Partition> Partitions);

/// <summary>One day of a view.</summary>
/// <param name="Rows">Repeated deliveries count until they are compacted away.</param>
/// <param name="Compacted">One sorted file in which no row is repeated.</param>
public sealed record Partition(
    DateOnly Date, long Rows, int Files, long Bytes, bool Compacted, DateTimeOffset MinEventTime, DateTimeOffset MaxEventTime,
    IReadOnlyDictionary<string, FeatureStatistics> Features)
{
    internal static Partition Of(FeatureView view, DateOnly date, IReadOnlyList<OfflineFileRow> files)
    {
        var statistics = files.Select(file => (file.Rows, Columns: StatisticsJson.Read(file.Statistics))).ToArray();
        return new(
            date,
            files.Sum(file => file.Rows),
            files.Count,
            files.Sum(file => file.Bytes),
            files is [{ Compacted: true }],
            UnixTime.FromMicroseconds(files.Min(file => file.MinEventUs)),
            UnixTime.FromMicroseconds(files.Max(file => file.MaxEventUs)),
            view.Features.ToDictionary(field => field.Name, field => FeatureStatistics.Of(statistics.Select(file => OfColumn(file.Columns, field.Name, file.Rows).For(view, field.Name))), StringComparer.Ordinal));
    }

    /// <summary>A file that is older than a feature has no value of it.</summary>
    private static ColumnStatistics OfColumn(Dictionary<string, ColumnStatistics> columns, string feature, long rows) =>
        columns.GetValueOrDefault(feature) ?? new ColumnStatistics { Nulls = rows };
}

/// <summary>A feature's values in a partition; min, max and mean are absent where there are none, of BYTES min and max are text.</summary>
public sealed record FeatureStatistics(long NullCount, object? Min, object? Max, double? Mean)
{
    internal static FeatureStatistics Of(IEnumerable<ColumnStatistics> files)
    {
        var all = files.Aggregate(new ColumnStatistics(), (sum, file) => sum.With(file));
        return new(all.Nulls, (object?)all.MinText ?? all.Min, (object?)all.MaxText ?? all.Max, all.Mean);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PartitionList))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(string))]
internal sealed partial class PartitionJson : JsonSerializerContext;
