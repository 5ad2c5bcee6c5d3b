using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.Hosting;

public sealed class ServiceHostTests
{
    [Fact]
    public async Task Http_1_and_http_2_have_an_endpoint_each_and_nothing_is_overridden()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/protocol", (HttpContext context) => context.Request.Protocol));
        Assert.Equal("HTTP/1.1", await service.Client.GetStringAsync("/protocol"));

        using var http2 = new HttpClient { BaseAddress = service.GrpcAddress, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.Equal("HTTP/2", await http2.GetStringAsync("/protocol"));

        using var wrong = new HttpClient { BaseAddress = service.Address, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        await Assert.ThrowsAsync<HttpRequestException>(() => wrong.GetStringAsync("/protocol"));
        Assert.DoesNotContain(service.Log.All, line => line.Contains("Overriding", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_that_is_taken_ends_the_start()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        await using var service = TestService.Create(settings: ("urls", $"http://{other.LocalEndpoint}"));
        Assert.Equal(78, await service.Exit);
        Assert.DoesNotContain(service.Log.All, line => line.StartsWith("Critical", StringComparison.Ordinal) || line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MlSystem:MaxRequestBodyBytes", "0")]
    [InlineData("MlSystem:ShutdownTimeoutSeconds", "-1")]
    [InlineData("MlSystem:ShutdownTimeoutSeconds", "soon")]
    [InlineData("MlSystem:Clients:MaxRetries", "0")]
    [InlineData("MlSystem:Clients:AttemptTimeoutSeconds", "31")]
    [InlineData("MlSystem:ApiKeys:bob", "has spaces in it")]
    [InlineData("MlSystem:ApiKeys:bob", "sha256:abc")]
    [InlineData("MlSystem:Instance", "../other")]
    [InlineData("GRPC_PORT", "x")]
    [InlineData("urls", "http://*:0")]
    public async Task Unusable_settings_end_the_start(string key, string value)
    {
        await using var service = TestService.Create(settings: (key, value));
        Assert.Equal(78, await service.Exit);
    }

    [Fact]
    public async Task Keys_allow_other_addresses_than_loopback()
    {
        await using var service = await TestService.StartAsync(null, null, ("urls", "http://*:0"), ("GRPC_PORT", null), ("MlSystem:ApiKeys:bob", "k"));
        Assert.False(service.Exit.IsCompleted);
    }

    [Fact]
    public async Task A_background_loop_that_fails_is_not_an_orderly_end()
    {
        await using var service = TestService.Create(builder => builder.Services.AddHostedService<Failing>());
        Assert.Equal(1, await service.Exit);
    }

    [Fact]
    public async Task A_data_directory_below_a_file_ends_the_start()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["file"], "");
        await using var service = TestService.Create(settings: ("MlSystem:DataDirectory", folder["file"]));
        Assert.Equal(78, await service.Exit);
    }

    private sealed class Failing : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => throw new InvalidOperationException("for the test");
    }
}
