using Microsoft.AspNetCore.Mvc;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.PointInTime.Entities;
using MlSystem.FeatureStore.PointInTime.Formats;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>
/// <c>POST /api/historical-features</c>. Entity rows as JSON columns in <c>entity_df</c>, from a <c>label_source</c>, or as a Parquet or Arrow stream body with the
/// other members in the query. The answer is Parquet or an Arrow stream when asked for (<c>Accept</c>), else JSON.
/// </summary>
public static class HistoricalEndpoints
{
    public static IEndpointRouteBuilder MapHistorical(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/historical-features", PostAsync).WithTags("Historical features")
            .WithMetadata(UploadLimit.Of(routes)).AddEndpointFilter<HistoricalErrorFilter>();
        return routes;
    }

    private static async Task<IResult> PostAsync(
        HttpContext http, HistoricalReader reader, CatalogStore catalog, LabelSources sources, Spool spool, CancellationToken cancellationToken,
        string? feature_service = null, int? version = null, [FromQuery] string[]? features = null, string event_timestamp_column = "event_timestamp", bool full_feature_names = false)
    {
        if (ResultFormat.Accepted(http.Request.Headers.Accept.ToString()) is not { } output)
        {
            return TypedResults.Problem($"The answer can be {ResultFormat.Allowed}.", statusCode: StatusCodes.Status406NotAcceptable);
        }

        var input = string.IsNullOrEmpty(http.Request.ContentType) ? ResultFormat.Json : ResultFormat.OfType(http.Request.ContentType);
        if (input is null)
        {
            return TypedResults.Problem($"The body can be {ResultFormat.Allowed}.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        if (input == ResultFormat.Json)
        {
            using var body = await JsonBody.ReadAsync(http, cancellationToken);
            var inline = HistoricalJson.Read(body.RootElement, await catalog.RefreshAsync(cancellationToken), sources);
            return await AnswerAsync(reader, inline.Request, spool, output, connection => inline.Load(connection, cancellationToken), cancellationToken);
        }

        var selection = new FeatureSelection(feature_service, version, features is { Length: > 0 } ? features : null, event_timestamp_column, full_feature_names);
        var request = HistoricalPlan.Of(await catalog.RefreshAsync(cancellationToken), selection);
        await using var upload = await spool.ReceiveAsync(http, input.Extension, cancellationToken);
        return await AnswerAsync(
            reader, request, spool, output,
            connection => input == ResultFormat.Arrow
                ? ArrowEntities.LoadAsync(connection, request, upload, cancellationToken)
                : FileEntities.LoadParquetAsync(connection, request, upload.Name, "body", cancellationToken),
            cancellationToken);
    }

    /// <summary>The result goes to a file first: a failure in the middle becomes an error, not half an answer.</summary>
    private static async Task<IResult> AnswerAsync(
        HistoricalReader reader, HistoricalRequest request, Spool spool, ResultFormat output,
        Func<DuckDB.NET.Data.DuckDBConnection, Task<EntityTable>> load, CancellationToken cancellationToken)
    {
        var path = spool.NewPath(output.Extension);
        try
        {
            await reader.JoinAsync(request, load, (connection, query) => output.WriteAsync(connection, query, path, cancellationToken), cancellationToken);
            var result = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            return TypedResults.Stream(result, output.ContentType);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }
}
