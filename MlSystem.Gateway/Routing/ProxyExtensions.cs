using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using MlSystem.Gateway.Failures;
using MlSystem.Gateway.Forwarding;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;

namespace MlSystem.Gateway.Routing;

internal static class ProxyExtensions
{
    public static WebApplicationBuilder AddProxy(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<IPassiveHealthCheckPolicy, FirstFailurePolicy>();
        builder.Services.AddSingleton<IProxyConfigProvider>(services =>
        {
            var (routes, clusters) = Clusters.Build(services.GetRequiredService<IConfiguration>(), services.GetRequiredService<IOptions<GatewayOptions>>().Value);
            return new InMemoryConfigProvider(routes, clusters);
        });
        builder.Services.AddReverseProxy();
        builder.Services.AddSingleton<IForwarderHttpClientFactory, UpstreamConnections>();
        builder.Services.AddSmallRequests();
        builder.Services.AddSingleton<IStartupFilter, InferFirst>();
        return builder;
    }

    public static void MapProxy(this WebApplication app)
    {
        var uploads = Routes.All.Where(route => route.Traffic == Traffic.Upload).Select(route => route.Path).ToHashSet(StringComparer.Ordinal);
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(UpstreamFailures.AnswerAsync);
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        }).ConfigureEndpoints((endpoint, route) =>
        {
            if (uploads.Contains(route.RouteId))
            {
                endpoint.WithMetadata(new DisableRequestSizeLimitAttribute());
            }
        });
    }
}
