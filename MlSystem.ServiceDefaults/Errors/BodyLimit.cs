using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Refuses a body that says it is too large before a byte of it is read.</summary>
internal static class BodyLimit
{
    public static Task InvokeAsync(HttpContext context, RequestDelegate next) =>
        context.Request.ContentLength is { } length
        && context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize is { } limit
        && length > limit
            ? context.WriteErrorAsync(new ErrorAnswer(StatusCodes.Status413PayloadTooLarge, "Payload Too Large", StatusAnswers.TooLarge(context)))
            : next(context);
}
