using MlSystem.AppHost.Standalone;

namespace MlSystem.AppHost.Tests.Standalone;

public sealed class ServiceTopologyTests
{
    [Fact]
    public void The_documented_ports()
    {
        var ports = ServiceTopology.Ports(0).ToDictionary(port => port.Owner, port => port.Port);

        Assert.Equal(8080, ports["gateway"]);
        Assert.Equal(8081, ports["gateway, gRPC"]);
        Assert.Equal(8082, ports["inference"]);
        Assert.Equal(8083, ports["inference, gRPC"]);
        Assert.Equal(8084, ports["registry"]);
        Assert.Equal(6566, ports["features"]);
        Assert.Equal(6567, ports["features, gRPC"]);
        Assert.Equal(8086, ports["training"]);
        Assert.Equal(8087, ports["monitor"]);
        Assert.Equal(ports.Count, ports.Values.Distinct().Count());
    }

    [Fact]
    public void No_service_waits_for_itself_however_indirectly()
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        while (ServiceTopology.Services.FirstOrDefault(service => !done.Contains(service.Name) && service.WaitsFor.All(done.Contains)) is { } next)
        {
            done.Add(next.Name);
        }

        Assert.Equal(ServiceTopology.Services.Count, done.Count);
    }
}
