using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using MlSystem.Testing;

namespace MlSystem.Gateway.Tests.Hosting;

/// <summary>What the service defaults promise of a process, tried on the smallest service.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_taken_port_is_one_line_and_exit_code_78()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        await RefusedAsync($"gateway: The address http://{other.LocalEndpoint} is already in use", ("ASPNETCORE_URLS", $"http://{other.LocalEndpoint}"));
    }

    [Fact]
    public async Task Another_address_than_loopback_without_keys_is_one_line_and_exit_code_78() =>
        await RefusedAsync("gateway: Refusing to listen on http://*:8080 without authentication", ("HTTP_PORTS", "8080"), ("ASPNETCORE_URLS", ""));

    [Fact]
    public async Task A_mistake_in_the_gateways_own_options_is_one_line() =>
        await RefusedAsync("RequestsPerSecond", ("MlSystem__Gateway__RequestsPerSecond", "0"));

    [Fact]
    public async Task The_end_of_standard_input_ends_the_process_even_with_a_request_in_flight()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var inference = await StubService.StartAsync("inference", app => app.MapGet("/v2/long", async (Microsoft.AspNetCore.Http.HttpContext context) =>
        {
            entered.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        }));
        await using var gateway = await GatewayProcess.StartAsync([inference], ("MlSystem:ExitOnStdinClose", "true"));
        var inFlight = gateway.Http.GetAsync("/v2/long");
        await entered.Task;
        gateway.Process.CloseInput();
        await gateway.Process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(25));
        await Assert.ThrowsAnyAsync<Exception>(() => inFlight);
    }

    [Fact]
    public async Task The_end_of_standard_input_means_nothing_unless_asked()
    {
        await using var gateway = await GatewayProcess.StartAsync([]);
        gateway.Process.CloseInput();
        Assert.True((await gateway.Http.GetAsync("/alive")).IsSuccessStatusCode);
        Assert.False(gateway.Process.HasExited);
    }

    [Fact]
    public async Task Sigterm_lets_the_request_in_flight_finish()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var inference = await StubService.StartAsync("inference", app => app.MapGet("/v2/long", async () =>
        {
            entered.SetResult();
            await finish.Task;
            return "finished";
        }));
        await using var gateway = await GatewayProcess.StartAsync([inference], ("MlSystem:DrainDelaySeconds", "3"));
        var inFlight = gateway.Http.GetStringAsync("/v2/long");
        await entered.Task;
        await gateway.Process.TerminateAsync();
        await gateway.Process.WaitUntilAsync(async token => (await gateway.Http.GetAsync("/health", token)).StatusCode == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(60));
        finish.SetResult();
        Assert.Equal("finished", await inFlight);
        await gateway.Process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(0, gateway.Process.ExitCode);
    }

    private async Task RefusedAsync(string line, params (string, string)[] settings)
    {
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePort.Next().ToString(CultureInfo.InvariantCulture)}",
            ["MlSystem__DataDirectory"] = _folder.Path,
        };
        foreach (var (key, value) in settings)
        {
            environment[key] = value;
        }

        await using var process = ServerProcess.Start("dotnet", [GatewayProcess.Program], environment, _folder.Path);
        await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(78, process.ExitCode);
        Assert.Contains(line, Assert.Single(process.Output));
    }
}
