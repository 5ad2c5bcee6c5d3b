using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>CSV into a feature view: uploaded, or from the view's file source.</summary>
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

    /// <summary>Ingests the file of the view's file source.</summary>
    private static async Task<IResult> IngestSourceAsync(
        string view, CatalogStore catalog, CsvUpload upload, DataDirectory data, IOptions<FeatureStoreOptions> options, CancellationToken cancellationToken, string on_error = "refuse", string to = "online_and_offline")
    {
        if (Refusal(catalog, view, on_error, to, out var found) is { } refusal)
        {
            return refusal;
        }

        if (found!.Definition.Source is not { } name || catalog.Current.Sources[name].Definition is not { Kind: SourceKind.File, Path: { } relative })
        {
            return TypedResults.Problem($"Feature view '{view}' has no file source.", statusCode: StatusCodes.Status409Conflict);
        }

        var path = Path.Combine(options.Value.FileSourceDirectory ?? Path.Combine(data.Own, "sources"), relative);
        if (!File.Exists(path))
        {
            return TypedResults.Problem($"Source '{name}': there is no file '{relative}' in the folder for file sources.", statusCode: StatusCodes.Status409Conflict);
        }

        await using var csv = File.OpenRead(path);
        return Answer(await upload.IngestAsync(csv, found, to is not "offline", to is not "online", on_error == "skip", cancellationToken));
    }

    private static ProblemHttpResult? Refusal(CatalogStore catalog, string view, string onError, string to, out FeatureView? found)
    {
        if (!catalog.Current.Views.TryGetValue(view, out found))
        {
            return TypedResults.Problem($"There is no feature view '{view}'.", statusCode: StatusCodes.Status404NotFound);
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
internal sealed partial class IngestionJson : JsonSerializerContext;
