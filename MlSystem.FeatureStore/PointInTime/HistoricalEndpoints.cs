using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>
/// <c>POST /api/historical-features</c>. Entity rows as JSON columns in <c>entity_df</c>, or as a Parquet body with the other members in the query.
/// The answer is Parquet when asked for (<c>Accept: application/vnd.apache.parquet</c>), else JSON.
/// </summary>
public static class HistoricalEndpoints
{
    private const string Parquet = "application/vnd.apache.parquet";

    public static IEndpointRouteBuilder MapHistorical(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/historical-features", PostAsync).WithTags("Historical features")
            .WithMetadata(UploadLimit.Of(routes)).AddEndpointFilter<HistoricalErrorFilter>();
        return routes;
    }

    private static async Task<IResult> PostAsync(
        HttpContext http, HistoricalReader reader, CatalogStore catalog, Spool spool, CancellationToken cancellationToken,
        string? feature_service = null, int? version = null, string event_timestamp_column = "event_timestamp", bool full_feature_names = false)
    {
        if (http.Request.ContentType?.StartsWith(Parquet, StringComparison.OrdinalIgnoreCase) == true)
        {
            if (feature_service is null)
            {
                throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "feature_service", "The query must name a feature service.");
            }

            var request = HistoricalPlan.OfService(await catalog.RefreshAsync(cancellationToken), feature_service, version, event_timestamp_column, full_feature_names);
            await using var upload = await spool.ReceiveAsync(http, ".parquet", cancellationToken);
            return await AnswerAsync(http, reader, request, spool, connection => EntityTable.LoadParquetAsync(connection, request, upload.Name, cancellationToken), cancellationToken);
        }

        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var inline = HistoricalJson.Read(body.RootElement, await catalog.RefreshAsync(cancellationToken), out var rows);
        return await AnswerAsync(http, reader, inline, spool, connection => EntityTable.LoadJsonAsync(connection, inline, rows, cancellationToken), cancellationToken);
    }

    /// <summary>The result goes to a file first: a failure in the middle becomes an error, not half an answer.</summary>
    private static async Task<IResult> AnswerAsync(
        HttpContext http, HistoricalReader reader, HistoricalRequest request, Spool spool,
        Func<DuckDB.NET.Data.DuckDBConnection, Task<EntityTable>> load, CancellationToken cancellationToken)
    {
        var parquet = http.Request.Headers.Accept.ToString().Contains(Parquet, StringComparison.OrdinalIgnoreCase);
        var path = spool.NewPath(parquet ? ".parquet" : ".json");
        try
        {
            await reader.JoinAsync(request, load, async (connection, query) =>
            {
                if (parquet)
                {
                    await HistoricalOutput.WriteParquetAsync(connection, query, path, cancellationToken);
                    return true;
                }

                await using var file = File.Create(path);
                await HistoricalOutput.WriteJsonAsync(connection, query, file, cancellationToken);
                return true;
            }, cancellationToken);
            var result = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            return TypedResults.Stream(result, parquet ? Parquet : "application/json");
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }
}

/// <summary>Body of an inline historical read.</summary>
internal static class HistoricalJson
{
    public static HistoricalRequest Read(JsonElement body, Catalog catalog, out JsonElement rows)
    {
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (!body.TryGetProperty("entity_df", out rows) || rows.ValueKind != JsonValueKind.Object)
        {
            mistakes["entity_df"] = ["An object of columns is required: {\"column\": [value, …], …}."];
        }

        var service = Text(body, "feature_service", mistakes);
        var label = Text(body, "event_timestamp_column", mistakes) ?? "event_timestamp";
        var version = body.TryGetProperty("version", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value) ? value : (int?)null;
        if (version is null && number.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            mistakes["version"] = ["A whole number is required."];
        }

        var fullNames = body.TryGetProperty("full_feature_names", out var full) && full.ValueKind == JsonValueKind.True;
        var references = body.TryGetProperty("features", out var features) && features.ValueKind == JsonValueKind.Array
            ? features.EnumerateArray().Select(feature => feature.ToString()).ToArray() : null;
        if (service is null == references is null)
        {
            mistakes["feature_service"] = ["Exactly one of feature_service and features (a list of \"view:feature\") is required."];
        }

        return mistakes.Count > 0 ? throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, mistakes)
            : service is not null ? HistoricalPlan.OfService(catalog, service, version, label, fullNames)
            : HistoricalPlan.OfReferences(catalog, references!, label, fullNames);
    }

    private static string? Text(JsonElement body, string name, Dictionary<string, string[]> mistakes)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            mistakes[name] = ["Text is required."];
            return null;
        }

        return value.GetString();
    }
}

/// <summary>Answers what goes wrong in a historical read as ProblemDetails.</summary>
internal sealed class HistoricalErrorFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (HistoricalRefusedException refused)
        {
            return TypedResults.Problem(
                string.Join(" ", refused.Errors.SelectMany(error => error.Value).Take(3)),
                title: refused.Message,
                statusCode: refused.Status,
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["errors"] = refused.Errors });
        }
        catch (JsonException malformed)
        {
            return TypedResults.Problem($"The body is not valid JSON: {malformed.Message}", statusCode: StatusCodes.Status400BadRequest);
        }
        catch (BadHttpRequestException bad)
        {
            return TypedResults.Problem(bad.Message, statusCode: bad.StatusCode);
        }
        catch (OfflineStoreException unavailable)
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            return TypedResults.Problem(unavailable.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
