using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Lineage;

public sealed class LineageDeadlineTests
{
    [Fact]
    public async Task A_Monitor_that_never_answers_is_not_waited_for()
    {
        await using var app = await RegistryApp.StartAsync(settings: ("Registry:Lineage:MonitorTimeoutSeconds", "0.2"));
        var name = await app.Registry.ModelAsync();
        var version = await app.Registry.ServableAsync(name);
        await app.Registry.ChampionAsync(name, version);
        app.Monitor.Broken[name] = true;
        var graph = await LineageView.OfAsync(app.Registry, name, version);
        Assert.Equal(
            "Monitor did not answer within 0.2 s (Registry:Lineage:MonitorTimeoutSeconds)",
            graph.Nodes[graph.Follow($"version:{name}/{version}", "served_by", "answered")].GetProperty("unavailable").GetString());
    }
}
