using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Offline.Compaction;

/// <summary><c>POST /api/feature-views/{view}/compact</c>: makes one file of every partition now.</summary>
public static class CompactionEndpoints
{
    public static IEndpointRouteBuilder MapCompaction(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/feature-views/{view}/compact", PostAsync).WithTags("Offline store")
            .WithSummary("Merges all files of each partition into one; from and to (dates, inclusive) choose partitions.");
        return routes;
    }

    private static async Task<Results<Ok<CompactionAnswer>, ProblemHttpResult>> PostAsync(
        string view, CatalogStore catalog, OfflineProgress progress, OfflineManifest manifest, Compactor compactor, CancellationToken cancellationToken,
        DateOnly? from = null, DateOnly? to = null)
    {
        if (!(await catalog.RefreshAsync(cancellationToken)).Views.TryGetValue(view, out var found))
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

        var merged = new List<int>();
        foreach (var date in (await manifest.ReadAsync(view, new OfflineRange(from, to), cancellationToken)).Select(file => file.Date).Distinct())
        {
            merged.Add(await compactor.CompactFullyAsync(found, date, cancellationToken));
        }

        return TypedResults.Ok(new CompactionAnswer(view, merged.Count, merged.Count(files => files > 0), merged.Sum()));
    }
}

/// <summary>What a compaction did.</summary>
/// <param name="Partitions">Partitions looked at.</param>
/// <param name="Compacted">Partitions that were not one sorted file already.</param>
/// <param name="FilesMerged">Files that became one a partition.</param>
public sealed record CompactionAnswer(string FeatureView, int Partitions, int Compacted, int FilesMerged);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CompactionAnswer))]
internal sealed partial class CompactionJson : JsonSerializerContext;
