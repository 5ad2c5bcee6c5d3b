using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace MlSystem.Gateway.Routing;

/// <summary>Connections to the services.</summary>
internal sealed class UpstreamConnections(IOptions<GatewayOptions> options) : ForwarderHttpClientFactory
{
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ConnectTimeout = TimeSpan.FromSeconds(options.Value.ConnectTimeoutSeconds);
        // Behind a name replicas come and go: connections are renewed often enough to follow.
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) => new WholeRequests(base.WrapHandler(context, handler));
}
