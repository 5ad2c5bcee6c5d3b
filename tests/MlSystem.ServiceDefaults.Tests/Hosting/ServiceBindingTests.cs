using Microsoft.Extensions.Configuration;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Tests.Hosting;

public sealed class ServiceBindingTests
{
    [Theory]
    [InlineData(null, null, null, "http://127.0.0.1:6566 grpc http://127.0.0.1:6567")]
    [InlineData(null, null, "7000", "http://127.0.0.1:6566 grpc http://127.0.0.1:7000")]
    [InlineData("http://localhost:5001", null, null, "http://localhost:5001")]
    [InlineData("http://localhost:5001", null, "5002", "http://localhost:5001 grpc http://localhost:5002")]
    [InlineData("http://+:80;https://[::1]:443", "9999", null, "http://*:80 https://[::1]:443")]
    [InlineData("http://0.0.0.0:80", null, null, "http://*:80")]
    [InlineData(null, "8080", "8081", "http://*:8080 grpc http://*:8081")]
    [InlineData("http://localhost:5001;http://localhost:5002", null, "5002", "http://localhost:5001 grpc http://localhost:5002")]
    public void Addresses_come_from_the_urls_then_the_ports_then_the_standalone_system(string? urls, string? ports, string? grpc, string expected)
    {
        var bindings = ServiceBinding.Read(Configuration(urls, ports, grpc), "features");
        Assert.Equal(expected, string.Join(' ', bindings.Select(binding => (binding.Grpc ? "grpc " : "") + binding)));
    }

    [Theory]
    [InlineData("nonsense", null, null, "ASPNETCORE_URLS")]
    [InlineData("http://localhost:5001/base", null, null, "host and port only")]
    [InlineData(null, "eighty", null, "HTTP_PORTS")]
    [InlineData(null, null, "65536", "GRPC_PORT")]
    public void An_unreadable_address_is_named(string? urls, string? ports, string? grpc, string part)
    {
        var failure = Assert.Throws<StartupFailureException>(() => ServiceBinding.Read(Configuration(urls, ports, grpc), "features"));
        Assert.Contains(part, failure.Message);
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.9.9.9", true)]
    [InlineData("::1", true)]
    [InlineData("*", false)]
    [InlineData("10.0.0.1", false)]
    public void Loopback_is_told_from_the_rest(string host, bool loopback) => Assert.Equal(loopback, new ServiceBinding(host, 80, Grpc: false).IsLoopback);

    private static IConfiguration Configuration(string? urls, string? ports, string? grpc) => new ConfigurationBuilder()
        .AddInMemoryCollection([new("urls", urls), new("http_ports", ports), new("GRPC_PORT", grpc)]).Build();
}
