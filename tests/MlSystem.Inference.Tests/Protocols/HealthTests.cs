using System.Text.Json;
using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Protocols;

public sealed class HealthTests
{
    [Fact]
    public async Task Lost_dependencies_degrade_and_never_unready()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("columns", 1, ModelFolder.Columns());
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("columns", 1);
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        var log = new FailingEventLog();
        // Nothing listens at the feature store's address.
        await using var server = await InferenceServer.StartAsync(registry.Url, services: services => services.AddSingleton<IEventLog>(log));
        await Requests.EventuallyAsync(async () => await CheckAsync(server, "registry") == "healthy");
        Assert.Equal("degraded", await CheckAsync(server, "features"));
        Assert.Equal("healthy", await CheckAsync(server, "prediction log"));

        await registry.StopAsync();
        Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
        await Requests.EventuallyAsync(async () => await CheckAsync(server, "registry") == "degraded" && await CheckAsync(server, "prediction log") == "degraded");
        using var ready = await server.Http.GetAsync("/v2/health/ready");
        Assert.Equal(200, (int)ready.StatusCode);
        var grpc = await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, grpc.Status);

        log.Works = true;
        await registry.StartAsync();
        await Requests.EventuallyAsync(async () => await CheckAsync(server, "registry") == "healthy" && await CheckAsync(server, "prediction log") == "healthy");
    }

    /// <summary>The check's status; the answer itself must be 200 and say <c>degraded</c> when any check does.</summary>
    private static async Task<string> CheckAsync(InferenceServer server, string name)
    {
        using var response = await server.Http.GetAsync("/health");
        Assert.Equal(200, (int)response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var checks = body.RootElement.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!, check => check.GetProperty("status").GetString()!);
        Assert.Equal(checks.Values.All(status => status == "healthy") ? "healthy" : "degraded", body.RootElement.GetProperty("status").GetString());
        return checks[name];
    }
}
