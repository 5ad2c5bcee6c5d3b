using MlSystem.AppHost.Standalone;
using MlSystem.AppHost.Standalone.Processes;

namespace MlSystem.AppHost.Tests.Standalone.Processes;

public sealed class ServiceEnvironmentTests
{
    private static readonly HostSettings Settings = new("/data", PortOffset: 1000);

    [Fact]
    public void Inference_gets_what_Aspire_would_inject()
    {
        var variables = ServiceEnvironment.Compose(ServiceTopology.Service("inference"), Settings, restarts: 3);

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:9082",
                ["GRPC_PORT"] = "9083",
                ["OTEL_SERVICE_NAME"] = "inference",
                ["MlSystem__DataDirectory"] = "/data",
                ["MlSystem__Restarts"] = "3",
                ["MlSystem__ExitOnStdinClose"] = "true",
                ["services__registry__http__0"] = "http://127.0.0.1:9084",
                ["services__features__http__0"] = "http://127.0.0.1:7566",
                ["services__features__grpc__0"] = "http://127.0.0.1:7567",
            },
            variables);
    }

    [Fact]
    public void Only_the_feature_store_gets_the_cache()
    {
        var withCache = ServiceTopology.Services.Where(service => ServiceEnvironment.Compose(service, Settings, 0).ContainsKey("ConnectionStrings__cache"));

        Assert.Equal(["features"], withCache.Select(service => service.Name));
        Assert.Equal("127.0.0.1:7568", ServiceEnvironment.Compose(ServiceTopology.Service("features"), Settings, 0)["ConnectionStrings__cache"]);
    }

    [Fact]
    public void The_gateway_knows_every_other_service()
    {
        var variables = ServiceEnvironment.Compose(ServiceTopology.Service("gateway"), Settings, 0);

        Assert.All(
            ServiceTopology.Services.Where(service => service.Name != "gateway"),
            service => Assert.Contains($"services__{service.Name}__http__0", variables.Keys));
    }

    [Theory]
    [InlineData("ConnectionStrings__database", true)]
    [InlineData("services__registry__http__0", true)]
    [InlineData("aspnetcore_urls", true)]
    [InlineData("GRPC_PORT", true)]
    [InlineData("MlSystem__ApiKey", false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", false)]
    [InlineData("PATH", false)]
    public void Only_addresses_and_stores_of_another_system_are_not_inherited(string variable, bool owned) =>
        Assert.Equal(owned, ServiceEnvironment.IsOwned(variable));
}
