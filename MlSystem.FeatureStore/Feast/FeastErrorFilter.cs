using System.Text.Json;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.Feast;

/// <summary>Answers what goes wrong on Feast's endpoints in Feast's form.</summary>
public sealed partial class FeastErrorFilter(ILogger<FeastErrorFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (FeastException refusal)
        {
            return refusal.Issues is { } issues
                ? Results.Json(new FeastIssues(issues), FeastJson.Readable.FeastIssues, statusCode: refusal.Status)
                : Detail(refusal.Status, refusal.Message);
        }
        catch (JsonException malformed)
        {
            return Results.Json(
                new FeastIssues([FeastIssue.At("json_invalid", $"The body is not valid JSON: {malformed.Message}")]),
                FeastJson.Readable.FeastIssues,
                statusCode: StatusCodes.Status422UnprocessableEntity);
        }
        catch (InvalidOperationException broken) when (BrokenText.Is(broken))
        {
            return Results.Json(new FeastIssues([FeastIssue.At("string_unicode", BrokenText.Message)]), FeastJson.Readable.FeastIssues, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
        catch (BadHttpRequestException bad)
        {
            return Detail(bad.StatusCode, bad.Message);
        }
        catch (Exception unavailable) when (unavailable is OnlineStoreException or IngestionException or OfflineStoreException)
        {
            LogUnavailable(context.HttpContext.Request.Path, unavailable.Message);
            return Unavailable(context.HttpContext, unavailable.Message);
        }
    }

    /// <summary>503, to be tried again.</summary>
    internal static IResult Unavailable(HttpContext http, string message)
    {
        http.Response.Headers.RetryAfter = "1";
        return Detail(StatusCodes.Status503ServiceUnavailable, message);
    }

    private static IResult Detail(int status, string message) => Results.Json(new FeastDetail(message), FeastJson.Readable.FeastDetail, statusCode: status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} answered 503: {Reason}")]
    private partial void LogUnavailable(string path, string reason);
}
