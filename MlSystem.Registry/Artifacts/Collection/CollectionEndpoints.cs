using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Serving;

namespace MlSystem.Registry.Artifacts.Collection;

/// <summary>The native API of the collection of unreferenced blobs.</summary>
internal static class CollectionEndpoints
{
    public static void MapCollection(this RouteGroupBuilder root) =>
        root.MapPost("/artifacts/gc", CollectAsync).WithTags("retention").Accepts<CollectionRequest>(isOptional: true, "application/json").Produces<CollectionReport>()
            .WithSummary("Removes contents that nothing references any more and tells which. dry_run only tells.");

    private static async Task<JsonHttpResult<CollectionReport>> CollectAsync(HttpRequest request, BlobCollector collector, CancellationToken cancellationToken)
    {
        var body = await NativeBody.ReadAsync(request, CollectionJson.Default.CollectionRequest, cancellationToken);
        return TypedResults.Json(await collector.CollectAsync(body.DryRun, cancellationToken), CollectionJson.Default.CollectionReport);
    }
}
