using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MlSystem.Gateway.Routing;
using Yarp.ReverseProxy.Forwarder;

namespace MlSystem.Gateway.Forwarding;

internal static class ForwardingExtensions
{
    /// <summary>Puts <see cref="SmallRequests"/> in front of the proxy's forwarder, which is registered already.</summary>
    public static IServiceCollection AddSmallRequests(this IServiceCollection services)
    {
        var usual = services.Last(service => service.ServiceType == typeof(IHttpForwarder)).ImplementationType!;
        services.AddSingleton(usual);
        return services.Replace(ServiceDescriptor.Singleton<IHttpForwarder>(s => new SmallRequests(
            (IHttpForwarder)s.GetRequiredService(usual), s.GetRequiredService<IOptions<GatewayOptions>>(), s.GetRequiredService<TimeProvider>())));
    }
}
