using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
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

        if (accessor.HttpContext?.TraceIdentifier is { } id && !request.Headers.Contains(RequestId.Header))
        {
            request.Headers.TryAddWithoutValidation(RequestId.Header, id);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
