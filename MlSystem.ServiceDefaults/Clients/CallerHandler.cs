using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using MlSystem.ServiceDefaults.Authentication;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>Sends the service's own key and the id of the request that is being handled.</summary>
internal sealed class CallerHandler(IOptionsMonitor<ApiKeyOptions> options, IHttpContextAccessor accessor) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (options.CurrentValue.ApiKey is { Length: > 0 } key && request.Headers.Authorization is null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        PassTraceContext(request);
        if (accessor.HttpContext?.TraceIdentifier is { } id && !request.Headers.Contains(RequestId.Header))
        {
            request.Headers.TryAddWithoutValidation(RequestId.Header, id);
        }

        return base.SendAsync(request, cancellationToken);
    }

    /// <summary>Where nobody collects spans there is no activity, and the caller's context goes on as it came.</summary>
    private void PassTraceContext(HttpRequestMessage request)
    {
        if (Activity.Current is null && accessor.HttpContext?.Request.Headers is { TraceParent: [{ Length: > 0 } parent] } headers && !request.Headers.Contains(HeaderNames.TraceParent))
        {
            request.Headers.TryAddWithoutValidation(HeaderNames.TraceParent, parent);
            if (headers.TraceState.Count > 0)
            {
                request.Headers.TryAddWithoutValidation(HeaderNames.TraceState, (IEnumerable<string?>)headers.TraceState);
            }
        }
    }
}
