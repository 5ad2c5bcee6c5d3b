using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;

namespace MlSystem.FeatureStore.Online;

/// <summary>Feast's <c>POST /get-online-features</c>.</summary>
public static class OnlineEndpoints
{
    public static IEndpointRouteBuilder MapOnline(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/get-online-features", GetAsync).WithTags("Feast").AddEndpointFilter<FeastErrorFilter>();
        return routes;
    }

    private static async Task<IResult> GetAsync(
        HttpContext http, OnlineReader reader, CatalogStore catalog, FeatureStoreMetrics metrics, IOptions<FeatureStoreOptions> options, CancellationToken cancellationToken)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var request = await ReadAsync(body.RootElement, catalog, options.Value.MaxOnlineEntities, cancellationToken);
        var result = await reader.ReadAsync(request.Query, cancellationToken);
        metrics.OnlineReads.Add(request.Query.Rows);
        http.Response.ContentType = "application/json";
        OnlineAnswer.Write(http.Response.BodyWriter, request, result);
        await http.Response.BodyWriter.FlushAsync(cancellationToken);
        return Results.Empty;
    }

    /// <summary>What is unknown here may have been applied by another replica a moment ago.</summary>
    private static async ValueTask<OnlineRequest> ReadAsync(JsonElement body, CatalogStore catalog, int maxEntities, CancellationToken cancellationToken)
    {
        var known = catalog.Current;
        try
        {
            return OnlineRequest.Read(body, known, maxEntities);
        }
        catch (FeastException refusal) when (refusal.Status == StatusCodes.Status404NotFound)
        {
            var newest = await catalog.RefreshAsync(cancellationToken);
            if (newest.Revision == known.Revision)
            {
                throw;
            }

            return OnlineRequest.Read(body, newest, maxEntities);
        }
    }
}
