using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Monitor.Served;

/// <summary><c>GET /api/monitors/served</c>.</summary>
internal static class ServedEndpoints
{
    public static void MapServed(this IEndpointRouteBuilder app) => app.MapGet("/api/monitors/served", ServedAsync);

    /// <summary>How much a model version answered, by endpoint revision; empty when nothing of it was seen.</summary>
    private static async Task<Results<JsonHttpResult<ServedVersion>, ProblemHttpResult>> ServedAsync(string? model, int? version, ServedReader reader, CancellationToken cancellationToken) =>
        string.IsNullOrEmpty(model) || version is null or < 1
            ? TypedResults.Problem("model and version (1 or more) are needed, as in ?model=churn&version=7.", statusCode: 400)
            : TypedResults.Json(await reader.ReadAsync(model, version.Value, cancellationToken), ServedJson.Default.ServedVersion);
}
