using System.Text.Json;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime;

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
        catch (InvalidOperationException broken) when (BrokenText.Is(broken))
        {
            return TypedResults.Problem(BrokenText.Message, statusCode: StatusCodes.Status400BadRequest);
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
