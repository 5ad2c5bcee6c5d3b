using System.Text.Json;
using MlSystem.Gateway.Routing;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>Whatever the services document is reached through the gateway.</summary>
public sealed class GatewayRoutesTests(RunningSystem running) : IClassFixture<RunningSystem>
{
    [Theory]
    [InlineData("registry")]
    [InlineData("features")]
    [InlineData("training")]
    [InlineData("monitor")]
    [InlineData("inference")]
    public async Task Every_documented_path_of_a_service_is_routed_to_it(string service)
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        using var http = new HttpClient();
        var document = JsonElement.Parse(await http.GetStringAsync(new Uri(running.System.Gateway, $"/openapi/{service}.json")));
        var paths = document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        var table = new RouteTable(Routes.All.Select(route => (route.Path, route.Service)));
        Assert.NotEmpty(paths);
        Assert.All(paths, path => Assert.True(table.Service(path) == service, $"{path} goes to {table.Service(path) ?? "nobody"}"));
    }
}
