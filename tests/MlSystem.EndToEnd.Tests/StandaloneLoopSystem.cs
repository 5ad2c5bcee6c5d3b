using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>The standalone host: services as its children, embedded stores.</summary>
public sealed class StandaloneLoopSystem : RunningSystem
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);
    private readonly TempFolder _folder = new();
    private StandaloneSystem? _host;

    public override string? Missing => StandaloneSystem.Missing;

    public override Uri GrpcAddress => _host!.Url(8081);

    public override Uri HttpAddress(string service) => _host!.Url(service switch
    {
        "gateway" => 8080,
        "inference" => 8082,
        "registry" => 8084,
        "features" => 6566,
        "training" => 8086,
        "monitor" => 8087,
        _ => throw new ArgumentOutOfRangeException(nameof(service)),
    });

    /// <summary>The host restarts what died.</summary>
    public override async Task KillAndReviveAsync(string service)
    {
        using var client = new HttpClient { BaseAddress = HttpAddress(service) };
        var before = await ProcessIdAsync(client);
        await StandaloneSystem.SignalAsync("KILL", before);
        await Eventually.TrueAsync(async () => await ProcessIdAsync(client) != before, TimeSpan.FromSeconds(60), $"{service} is back");
        await WaitUntilReadyAsync(service);
    }

    /// <summary>Kills the host itself and starts it again on the same data and ports.</summary>
    public async Task KillAndReviveHostAsync()
    {
        var offset = _host!.PortOffset;
        await _host.SignalAsync("KILL");
        Assert.True(await _host.AllGoneAsync(TimeSpan.FromSeconds(60)), "a child outlived the host");
        await _host.DisposeAsync();
        _host = StandaloneSystem.Start(_folder["data"], offset);
        await _host.WaitReadyAsync(StartTimeout);
    }

    protected override async Task StartAsync()
    {
        _host = StandaloneSystem.Start(_folder["data"]);
        await _host.WaitReadyAsync(StartTimeout);
    }

    protected override async Task StopAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _folder.Dispose();
    }

    private static async Task<int> ProcessIdAsync(HttpClient client) =>
        (int)(await client.GetFromJsonAsync<JsonNode>("/alive"))!["pid"]!;
}
