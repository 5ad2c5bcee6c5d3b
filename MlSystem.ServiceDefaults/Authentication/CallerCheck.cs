using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Authentication;

/// <summary>
/// Whether a request's caller may come in, for a hot path that stands in front of the authentication middleware. It only ever
/// says yes to whom the middleware lets in; everybody else is left to the middleware and gets its answer.
/// </summary>
public sealed class CallerCheck(IOptionsMonitor<ApiKeyOptions> options)
{
    public bool Admits(HttpContext context)
    {
        var keys = ApiKeys.Of(options.CurrentValue);
        return keys.AreOff || (ApiKeys.Presented(context.Request.Headers) is { } key && keys.Principal(key) is not null);
    }
}
