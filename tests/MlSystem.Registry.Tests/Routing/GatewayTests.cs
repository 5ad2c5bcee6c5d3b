using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Gateway.Routing;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Routing;

/// <summary>Whatever the registry serves, MLflow's calls too, is reached through the gateway.</summary>
public sealed class GatewayTests(RegistryApp app) : IClassFixture<RegistryApp>
{
    private static readonly IReadOnlyDictionary<string, string> Exceptions = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["/alive"] = "each process's own",
        ["/health"] = "at the gateway /api/status/registry",
        ["/metrics"] = "each process's own",
        ["/openapi/v1.json"] = "at the gateway /openapi/registry.json",
    };

    [Fact]
    public void Every_path_of_the_registry_is_routed_to_it()
    {
        var table = new RouteTable(Routes.All.Select(route => (route.Path, route.Service)));
        var paths = app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.Trim('/')).Distinct().ToList();
        Assert.Contains("/api/2.0/mlflow/runs/search", paths);
        Assert.All(paths.Where(path => !Exceptions.ContainsKey(path)), path => Assert.True(table.Service(path) == "registry", $"{path} goes to {table.Service(path) ?? "nobody"}"));
    }
}
