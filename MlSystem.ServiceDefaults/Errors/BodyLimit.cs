using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Refuses a body that says it is too large before a byte of it is read.</summary>
internal static class BodyLimit
{
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var feature = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (feature?.MaxRequestBodySize is not { } limit || context.Request.ContentLength is not { } length || length <= limit)
        {
            await next(context);
            return;
        }

        await context.WriteErrorAsync(new ErrorAnswer(StatusCodes.Status413PayloadTooLarge, "Payload Too Large", StatusAnswers.TooLarge(context)));
        if (!feature.IsReadOnly)
        {
            // Clients that send all before they read would see a broken connection instead of the answer:
            // without a limit Kestrel throws away what still comes, for 5 s at most.
            feature.MaxRequestBodySize = null;
        }
    }
}
