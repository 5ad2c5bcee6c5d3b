using MlSystem.FeatureStore.Feast;

namespace MlSystem.FeatureStore.Online;

/// <summary>Feast's <c>POST /get-online-features</c>.</summary>
public static class OnlineEndpoints
{
    public const string Path = "/get-online-features";

    public static IEndpointRouteBuilder MapOnline(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, GetAsync).WithTags("Feast").AddEndpointFilter<FeastErrorFilter>();
        return routes;
    }

    private static async Task<IResult> GetAsync(
        HttpContext http, OnlineReader reader, OnlineRequests requests, FeatureStoreMetrics metrics, CancellationToken cancellationToken)
    {
        var request = await requests.ReadAsync(http, cancellationToken);
        var result = await reader.ReadAsync(request.Query, cancellationToken);
        metrics.OnlineReads.Add(request.Query.Rows);
        await AnswerAsync(http, request, result, cancellationToken);
        return Results.Empty;
    }

    /// <summary>In one piece with its length: a chunk for every few kilobytes costs more than the copy.</summary>
    internal static async Task AnswerAsync(HttpContext http, OnlineRequest request, OnlineResult result, CancellationToken cancellationToken)
    {
        using var buffer = new AnswerBuffer();
        OnlineAnswer.Write(buffer, request, result);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = buffer.Written.Length;
        await http.Response.BodyWriter.WriteAsync(buffer.Written, cancellationToken);
    }
}
