using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MlSystem.ServiceDefaults.Telemetry;

/// <summary>
/// <c>X-Request-Id</c>: the caller's when it is 1 to 128 printable ASCII characters, else a new UUIDv7. It is the request's
/// <see cref="HttpContext.TraceIdentifier"/>, goes along to other services and is in every answer that has no id of its own.
/// </summary>
public static class RequestId
{
    public const string Header = "X-Request-Id";
    private const int MaxLength = 128;

    /// <summary>The middleware's work for a hot path in front of it whose answers have an id of their own.</summary>
    /// <param name="made">The id of this request where the caller sends none that is valid.</param>
    public static void Assign(HttpContext context, string made)
    {
        var given = context.Request.Headers[Header];
        context.TraceIdentifier = given is [{ } one] && IsValid(one) ? one : made;
        Activity.Current?.SetTag("request.id", context.TraceIdentifier);
    }

    /// <summary>The middleware, also for a hot path in front of it that passes requests on.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var given = context.Request.Headers[Header];
        var id = given is [{ } one] && IsValid(one) ? one : New(context.RequestServices.GetRequiredService<TimeProvider>());
        context.TraceIdentifier = id;
        // Behind a proxy the next hop must see the id that this one made.
        context.Request.Headers[Header] = id;
        context.Response.OnStarting(
            static state =>
            {
                var response = ((HttpContext)state).Response;
                // A handler whose answer has an id of its own has set it, here or behind a proxy.
                response.Headers.TryAdd(Header, ((HttpContext)state).TraceIdentifier);
                return Task.CompletedTask;
            },
            context);
        Activity.Current?.SetTag("request.id", id);
        return next(context);
    }

    internal static bool IsValid(string id) =>
        id.Length is > 0 and <= MaxLength && !id.AsSpan().ContainsAnyExceptInRange(' ', '~') && id[0] != ' ' && id[^1] != ' ';

    private static string New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString();
}
