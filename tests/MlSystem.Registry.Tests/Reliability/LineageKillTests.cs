using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Lineage;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Reliability;

/// <summary>SIGKILL of a real registry at random moments while it reads alerts and runs.</summary>
public sealed class LineageKillTests : IDisposable
{
    private const int Seed = 5;
    private const int EachRound = 40;
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 50;
    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };

    private RegistryClient Registry => new(_http);

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_alert_and_the_last_state_of_every_run_outlives_kill_9_once()
    {
        var random = new Random(Seed);
        using var host = EventLogHost();
        var log = host.Services.GetRequiredService<IEventLog>();
        var model = "";
        for (var round = 0; round < Rounds; round++)
        {
            await using var process = await StartAsync();
            if (round == 0)
            {
                model = await Registry.ModelAsync();
                await Registry.ServableAsync(model);
            }

            for (var i = 0; i < EachRound; i++)
            {
                var id = $"{round}-{i}";
                await log.AppendAsync(Topics.Alerts, [LineageEventSamples.Event(LineageEventSamples.Alert("a" + id, model, model, 1, LineageEventSamples.Start.AddSeconds(i)))], CancellationToken.None);
                await log.AppendAsync(Topics.Runs, [.. new[] { "queued", "running", "failed" }.Select((state, s) => LineageEventSamples.Event(LineageEventSamples.Run("r" + id, state, "drift", "a" + id, s)))], CancellationToken.None);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 100)), TimeProvider.System);
            await process.KillAsync();
        }

        await using var last = await StartAsync();
        await Eventually.TrueAsync(
            async () => (await GraphAsync(model)).All("pipeline_run").Count(r => r.GetProperty("attributes").GetProperty("state").GetString() == "failed") == Math.Min(1000, Rounds * EachRound),
            TimeSpan.FromSeconds(120),
            "all alerts and runs are read");
        var graph = await GraphAsync(model);
        Assert.Equal(Rounds * EachRound, graph.All("alert").Count() + graph.Omitted("alert"));
        Assert.All(graph.All("alert"), alert => Assert.Equal(alert.GetProperty("id").GetString()!.Replace("alert:a", "pipeline_run:r", StringComparison.Ordinal), graph.Follow(alert.GetProperty("id").GetString()!, "triggered")));
    }

    // Monitor is not there: nothing served, so nothing of it is asked to be shown.
    private Task<ServerProcess> StartAsync() => RegistryProcess.StartAsync(_http, _folder.Path, ("services__monitor__http__0", "http://127.0.0.1:9"), ("MlSystem__Clients__RetryDelayMs", "1"));

    private Task<LineageView> GraphAsync(string model) => LineageView.OfAsync(Registry, model, 1, "?max=1000");

    private IHost EventLogHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection([new("MlSystem:DataDirectory", _folder.Path)]);
        builder.Services.AddSingleton(new MlSystem.ServiceDefaults.Storage.DataDirectory(builder.Configuration, "training"));
        builder.AddEventLog();
        return builder.Build();
    }
}
