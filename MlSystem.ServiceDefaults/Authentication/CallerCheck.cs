using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Authentication;

/// <summary>
/// Whether a request's caller may come in, for a hot path that stands in front of the authentication middleware. It only ever
/// says yes to whom the middleware lets in; everybody else is left to the middleware and gets its answer.
/// </summary>
public sealed class CallerCheck(IOptionsMonitor<ApiKeyOptions> options)
{
    private readonly ConcurrentDictionary<string, ClaimsPrincipal> _callers = new(StringComparer.Ordinal);

    public bool Admits(HttpContext context) => Name(context) is not null;

    /// <summary>The caller as the middleware would have it; null for one that it must answer.</summary>
    public ClaimsPrincipal? Caller(HttpContext context) => Name(context) is { } name ? _callers.GetOrAdd(name, ApiKeyHandler.Caller) : null;

    private string? Name(HttpContext context)
    {
        var keys = ApiKeys.Of(options.CurrentValue);
        return keys.AreOff ? ApiKeyHandler.Anonymous : ApiKeys.Presented(context.Request.Headers) is { } key ? keys.Principal(key) : null;
    }
}
