using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Gives error statuses that have no body one that says what and where.</summary>
internal static class StatusAnswers
{
    public static Task WriteAsync(StatusCodeContext status)
    {
        var context = status.HttpContext;
        var code = context.Response.StatusCode;
        return context.WriteErrorAsync(new ErrorAnswer(code, ReasonPhrases.GetReasonPhrase(code), Detail(context, code)));
    }

    private static string? Detail(HttpContext context, int status)
    {
        var request = context.Request;
        return status switch
        {
            StatusCodes.Status404NotFound when context.GetEndpoint() is null => $"There is nothing at {request.Path}.",
            StatusCodes.Status405MethodNotAllowed => $"{request.Method} is not allowed at {request.Path}; allowed: {context.Response.Headers.Allow}.",
            StatusCodes.Status413PayloadTooLarge => TooLarge(context),
            StatusCodes.Status415UnsupportedMediaType => $"The content type '{request.ContentType ?? "(none)"}' is not accepted at {request.Path}{AcceptedTypes.Of(context)}.",
            _ => null,
        };
    }

    internal static string TooLarge(HttpContext context)
    {
        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
        return limit is null
            ? "The body is larger than allowed."
            : string.Create(CultureInfo.InvariantCulture, $"The body is larger than the {limit} bytes that are allowed here (MlSystem:MaxRequestBodyBytes).");
    }
}
