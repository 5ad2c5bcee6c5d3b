using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Serving;

namespace MlSystem.Registry.Lineage;

/// <summary>The native API of lineage.</summary>
internal static class LineageEndpoints
{
    private const int MaxDepth = 10;
    private const int MaxOfEach = 1000;
    private const int DefaultOfEach = 100;

    public static void MapLineage(this RouteGroupBuilder root) =>
        root.MapGet("/models/{model}/versions/{version:int}/lineage", GetAsync).WithTags("models").Produces<LineageGraph>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("The chain of a version as a graph: data, run, version, promotion, endpoint revision, predictions, alert, next run. depth (0 to 10, default 0): versions before and after it that are followed as well; max (1 to 1000, default 100): newest promotions, revisions, alerts and runs of each.");

    private static async Task<JsonHttpResult<LineageGraph>> GetAsync(string model, int version, LineageReader reader, int? depth, int? max, CancellationToken cancellationToken)
    {
        if (depth is < 0 or > MaxDepth)
        {
            throw Refused.BadRequest($"depth is {depth}; allowed are 0 to {MaxDepth}.");
        }

        return max is < 1 or > MaxOfEach
            ? throw Refused.BadRequest($"max is {max}; allowed are 1 to {MaxOfEach}.")
            : TypedResults.Json(await reader.ReadAsync(model, version, depth ?? 0, max ?? DefaultOfEach, cancellationToken), LineageJson.Default.LineageGraph);
    }
}
