using System.Net;
using System.Net.Sockets;
using MlSystem.AppHost.Standalone;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>The real host with the real services.</summary>
public sealed class RunningSystemTests(RunningSystem running) : IClassFixture<RunningSystem>
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_service_is_ready_on_its_port_and_the_log_names_each_address()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        using var http = new HttpClient();

        foreach (var service in ServiceTopology.Services)
        {
            var url = running.System.Url(service.HttpPort);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(url, "/health"))).StatusCode);
            Assert.Contains(running.System.Output, line => line.Contains($"{service.Name,-10} {url.ToString().TrimEnd('/')}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_cache_speaks_the_Redis_protocol()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, ServiceTopology.CachePort + running.System.PortOffset);
        await client.GetStream().WriteAsync("PING\r\n"u8.ToArray());

        var answer = new byte[7];
        await client.GetStream().ReadExactlyAsync(answer);

        Assert.Equal("+PONG\r\n"u8.ToArray(), answer);
    }

    [Fact]
    public async Task Each_killed_service_comes_back_and_knows_how_often()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        var before = ServiceTopology.Services.ToDictionary(service => service.Name, service => running.System.Child(service.Program)!.Value);
        foreach (var process in before.Values)
        {
            await StandaloneSystem.SignalAsync("KILL", process);
        }

        foreach (var service in ServiceTopology.Services)
        {
            await running.System.WaitForLineAsync($"{service.Name} is ready again, restart 1", Moment);
            var process = running.System.Child(service.Program);
            Assert.NotNull(process);
            Assert.NotEqual(before[service.Name], process);
            Assert.Contains("MlSystem__Restarts=1\0", await File.ReadAllTextAsync($"/proc/{process}/environ"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_second_host_on_the_same_data_is_refused()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        var children = running.System.Children().Count;
        await using var second = StandaloneSystem.Start(running.System.Data);

        Assert.Equal(StartRefusedException.Unusable, await second.ExitAsync(Moment));
        var line = Assert.Single(second.Errors);
        Assert.StartsWith($"error: data directory {running.System.Data} is in use by another host (process ", line, StringComparison.Ordinal);
        Assert.InRange(running.System.Children().Count, children, ServiceTopology.Services.Count);
    }

    [Fact]
    public async Task Taken_ports_are_all_named_and_nothing_is_started()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        using var folder = new TempFolder();
        await using var second = StandaloneSystem.Start(folder["data"], running.System.PortOffset);

        Assert.Equal(StartRefusedException.Unusable, await second.ExitAsync(Moment));
        var line = Assert.Single(second.Errors);
        Assert.Contains($"{6568 + running.System.PortOffset} (cache)", line, StringComparison.Ordinal);
        Assert.Contains("already in use", line, StringComparison.Ordinal);
        Assert.Empty(second.Children());
    }
}
