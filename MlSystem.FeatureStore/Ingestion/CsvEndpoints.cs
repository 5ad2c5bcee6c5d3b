using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion.Sources;
using MlSystem.FeatureStore.Online;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Rows into a feature view: uploaded as CSV, or from the view's file or table source.</summary>
public static class CsvEndpoints
{
    public static IEndpointRouteBuilder MapCsv(this IEndpointRouteBuilder routes)
    {
        var views = routes.MapGroup("/api/feature-views/{view}").WithTags("Ingestion").AddEndpointFilter<IngestionErrorFilter>();
        views.MapPost("/rows", UploadAsync).Accepts<string>("text/csv").WithMetadata(UploadLimit.Of(routes));
        views.MapPost("/ingest-source", IngestSourceAsync);
        return routes;
    }

    /// <summary>Ingests the body. Bad rows refuse the whole upload (422) unless <c>on_error=skip</c>.</summary>
    private static async Task<IResult> UploadAsync(
        string view, HttpContext http, CatalogStore catalog, CsvUpload upload, Spool spool, CancellationToken cancellationToken, string on_error = "refuse", string to = "online_and_offline")
    {
        if (Refusal(catalog, view, on_error, to, out var found) is { } refusal)
        {
            return refusal;
        }

        await using var csv = await spool.ReceiveAsync(http, ".csv", cancellationToken);
        return Answer(await upload.IngestAsync(csv, found!, to is not "offline", to is not "online", on_error == "skip", cancellationToken));
    }

    /// <summary>Ingests the rows of the view's file or table source, those with start &lt; event time ≤ end.</summary>
    private static async Task<IResult> IngestSourceAsync(
        string view, CatalogStore catalog, CsvUpload csv, SourceUpload records, SourceConnections connections, CancellationToken cancellationToken,
        string on_error = "refuse", string to = "online_and_offline", string? start = null, string? end = null)
    {
        if (Refusal(catalog, view, on_error, to, out var found) is { } refusal)
        {
            return refusal;
        }

        var (from, until) = (long.MinValue, long.MaxValue);
        if ((start is null ? null : ValueReader.Time(start, out from)) is { } badStart)
        {
            return TypedResults.Problem($"start: {badStart}", statusCode: StatusCodes.Status400BadRequest);
        }

        if ((end is null ? null : ValueReader.Time(end, out until)) is { } badEnd)
        {
            return TypedResults.Problem($"end: {badEnd}", statusCode: StatusCodes.Status400BadRequest);
        }

        if (found!.Definition.Source is not { } name || catalog.Current.Sources[name].Definition is not { Kind: SourceKind.File or SourceKind.Table } source)
        {
            return TypedResults.Problem($"Feature view '{view}' has no file or table source.", statusCode: StatusCodes.Status409Conflict);
        }

        var (online, offline, skip) = (to is not "offline", to is not "online", on_error == "skip");
        if (source.Kind == SourceKind.Table || SourceConnections.IsParquet(source))
        {
            return Answer(await records.IngestAsync(found, source, from, until, online, offline, skip, cancellationToken));
        }

        if ((start ?? end) is not null)
        {
            return TypedResults.Problem("A CSV file is ingested as a whole: start and end are for Parquet files and tables.", statusCode: StatusCodes.Status400BadRequest);
        }

        await using var file = File.OpenRead(connections.FileOf(source));
        return Answer(await csv.IngestAsync(file, found, online, offline, skip, cancellationToken));
    }

    private static ProblemHttpResult? Refusal(CatalogStore catalog, string view, string onError, string to, out FeatureView? found)
    {
        if (!catalog.Current.Views.TryGetValue(view, out found))
        {
            return TypedResults.Problem($"There is no feature view '{view}'.", statusCode: StatusCodes.Status404NotFound);
        }

        if (found.Stream is not null)
        {
            return TypedResults.Problem(StreamWrites.Refusal(found), statusCode: StatusCodes.Status409Conflict);
        }

        if (onError is not ("refuse" or "skip"))
        {
            return TypedResults.Problem($"on_error is '{onError}'; allowed: refuse skip.", statusCode: StatusCodes.Status400BadRequest);
        }

        return to is "online" or "offline" or "online_and_offline"
            ? null
            : TypedResults.Problem($"to is '{to}'; allowed: online offline online_and_offline.", statusCode: StatusCodes.Status400BadRequest);
    }

    private static JsonHttpResult<CsvResult> Answer(CsvResult result) => TypedResults.Json(
        result, IngestionJson.Default.CsvResult, statusCode: result.Refused ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
}

/// <summary>Answers what goes wrong while rows are taken in as ProblemDetails.</summary>
internal sealed class IngestionErrorFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (BadHttpRequestException bad)
        {
            return TypedResults.Problem(bad.Message, statusCode: bad.StatusCode);
        }
        catch (SourceException error)
        {
            return TypedResults.Problem(error.Message, statusCode: StatusCodes.Status409Conflict);
        }
        catch (RowTooLargeException error)
        {
            return TypedResults.Problem(error.Message + " Earlier rows may have been ingested.", statusCode: StatusCodes.Status413PayloadTooLarge);
        }
        catch (Exception error) when (error is IngestionException or OnlineStoreException)
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            return TypedResults.Problem(error.Message + " The upload is not acknowledged; sending it again is safe.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CsvResult))]
[JsonSerializable(typeof(PushWarnings))]
internal sealed partial class IngestionJson : JsonSerializerContext;
