using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Monitor.Performance;

/// <summary><c>GET /api/endpoints/{endpoint}/performance</c> and <c>GET /api/monitors</c>.</summary>
internal static class PerformanceEndpoints
{
    public static void MapPerformance(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/endpoints/{endpoint}/performance", PerformanceAsync);
        app.MapGet("/api/monitors", MonitorsAsync);
    }

    public static ProblemHttpResult Unknown(string endpoint) =>
        TypedResults.Problem($"No prediction or feedback of endpoint '{endpoint}' was seen.", title: "Unknown endpoint", statusCode: StatusCodes.Status404NotFound);

    /// <summary>How many predictions were seen, joined and labelled, by version.</summary>
    /// <param name="from">First prediction time (RFC 3339), inclusive.</param>
    /// <param name="to">Last prediction time (RFC 3339), exclusive.</param>
    private static async Task<Results<JsonHttpResult<EndpointPerformance>, ProblemHttpResult>> PerformanceAsync(
        string endpoint, string? from, string? to, PerformanceReader reader, CancellationToken cancellationToken)
    {
        if (!TimeRange.TryParse(from, to, out var range, out var problem))
        {
            return problem;
        }

        return await reader.IsKnownAsync(endpoint, cancellationToken)
            ? TypedResults.Json(await reader.PerformanceAsync(endpoint, range, cancellationToken), PerformanceJson.Default.EndpointPerformance)
            : Unknown(endpoint);
    }

    private static async Task<JsonHttpResult<MonitorList>> MonitorsAsync(PerformanceReader reader, CancellationToken cancellationToken) =>
        TypedResults.Json(await reader.MonitorsAsync(cancellationToken), PerformanceJson.Default.MonitorList);
}
