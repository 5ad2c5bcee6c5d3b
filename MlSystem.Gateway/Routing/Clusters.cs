using System.Net;
using MlSystem.ServiceDefaults.Clients;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace MlSystem.Gateway.Routing;

/// <summary>The proxy's configuration, built from <see cref="Routes"/> and the services' addresses.</summary>
internal static class Clusters
{
    public static (IReadOnlyList<RouteConfig> Routes, IReadOnlyList<ClusterConfig> Clusters) Build(IConfiguration configuration, GatewayOptions options) =>
    (
        [.. Routes.All.Select(Proxied)],
        [.. Routes.All.Select(route => (route.Service, Kind: Kind(route.Traffic))).Distinct().Select(pair => Cluster(pair.Service, pair.Kind, configuration, options))]
    );

    private static RouteConfig Proxied(Route route) => new()
    {
        RouteId = route.Path,
        ClusterId = Id(route.Service, Kind(route.Traffic)),
        Match = new RouteMatch { Path = route.Path },
        Transforms = route.Rewrite is null ? null : [new Dictionary<string, string> { ["PathSet"] = route.Rewrite }],
    };

    /// <summary>Uploads flow like other HTTP; only their limit differs.</summary>
    private static Traffic Kind(Traffic traffic) => traffic == Traffic.Upload ? Traffic.Http : traffic;

    private static string Id(string service, Traffic kind) => kind == Traffic.Http ? service : $"{service}-{kind}";

    private static ClusterConfig Cluster(string service, Traffic kind, IConfiguration configuration, GatewayOptions options)
    {
        var addresses = kind == Traffic.Grpc ? ServiceAddress.AllGrpc(configuration, service) : ServiceAddress.AllHttp(configuration, service);
        var silence = kind == Traffic.Http ? options.ActivityTimeoutSeconds : options.StreamActivityTimeoutSeconds;
        return new ClusterConfig
        {
            ClusterId = Id(service, kind),
            LoadBalancingPolicy = LoadBalancingPolicies.PowerOfTwoChoices,
            HealthCheck = addresses.Count > 1 ? HealthCheck(options) : null,
            HttpRequest = new ForwarderRequestConfig
            {
                ActivityTimeout = TimeSpan.FromSeconds(silence),
                Version = kind == Traffic.Grpc ? HttpVersion.Version20 : HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            },
            Destinations = addresses.Select((address, index) => (address, index)).ToDictionary(
                pair => $"{service}-{pair.index}", pair => new DestinationConfig { Address = pair.address.ToString() }),
        };
    }

    private static HealthCheckConfig HealthCheck(GatewayOptions options) => new()
    {
        // With none healthy all are tried: a guess about health must not refuse what might work.
        AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
        Active = new ActiveHealthCheckConfig
        {
            Enabled = true,
            Policy = HealthCheckConstants.ActivePolicy.ConsecutiveFailures,
            Path = "/health",
            Interval = TimeSpan.FromSeconds(options.HealthProbeSeconds),
            Timeout = TimeSpan.FromSeconds(options.HealthProbeSeconds),
        },
        Passive = new PassiveHealthCheckConfig
        {
            Enabled = true,
            Policy = FirstFailurePolicy.PolicyName,
            ReactivationPeriod = TimeSpan.FromSeconds(options.HealthProbeSeconds * 2),
        },
    };
}
