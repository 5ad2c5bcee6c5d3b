using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Tests.Hosting;

public sealed class InlineSchedulingTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Http_1_requests_are_handled_where_they_are_received_and_grpc_ones_are_not(bool inline)
    {
        await using var service = await TestService.StartAsync(
            builder => _ = inline ? builder.ScheduleInline() : builder,
            app => app.MapGet("/receiver", () => new StackTrace().ToString().Contains("SocketConnection", StringComparison.Ordinal)));

        // The first request of a connection may have come before the connection was ready.
        await service.Client.GetStringAsync("/receiver");
        Assert.Equal(inline ? "true" : "false", await service.Client.GetStringAsync("/receiver"));

        using var http2 = new HttpClient { BaseAddress = service.GrpcAddress, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        await http2.GetStringAsync("/receiver");
        Assert.Equal("false", await http2.GetStringAsync("/receiver"));
    }
}
