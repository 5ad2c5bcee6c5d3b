using MlSystem.AppHost.Standalone;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>A host that is killed takes its services along.</summary>
public sealed class KilledHostTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(25);
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task A_killed_host_takes_its_services_along_and_the_next_host_starts_at_once()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var system = StandaloneSystem.Start(_folder["data"]);
        await system.WaitReadyAsync(RunningSystem.StartTime);
        Assert.Equal(ServiceTopology.Services.Count, system.Children().Count);

        await system.SignalAsync("KILL");
        await system.ExitAsync(Bound);
        await using var next = StandaloneSystem.Start(system.Data, system.PortOffset);

        await next.WaitReadyAsync(RunningSystem.StartTime);
        Assert.Equal(ServiceTopology.Services.Count, next.Children().Count);
    }

    [Fact]
    public async Task Services_of_a_killed_host_end_by_themselves()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var system = StandaloneSystem.Start(_folder["data"]);
        await system.WaitForLineAsync("registry is ready", RunningSystem.StartTime);

        // In the middle of the start: some services run, some have just been started, some not yet.
        await system.SignalAsync("KILL");

        Assert.True(await system.AllGoneAsync(TimeSpan.FromSeconds(60)), "a service outlived its host");
    }

    public void Dispose() => _folder.Dispose();
}
