using MlSystem.AppHost.Standalone;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>However the host ends, nothing is left behind, and the next one starts.</summary>
public sealed class StopTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_drains_and_stops_everything(string signal)
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var system = StandaloneSystem.Start(_folder["data"]);
        await system.WaitReadyAsync(RunningSystem.StartTime);

        await system.SignalAsync(signal);

        await system.ExitsWellAsync(Bound);
        Assert.Empty(system.Children());
        Assert.Empty(system.Errors);
        Assert.Contains(system.Output, line => line.EndsWith("Z stopped", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(system.Data, "host.pid")));
    }

    [Fact]
    public async Task Stopped_while_it_starts()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var system = StandaloneSystem.Start(_folder["data"]);
        await system.WaitForLineAsync("Z MlSystem ", RunningSystem.StartTime);

        await system.SignalAsync("TERM");

        await system.ExitsWellAsync(Bound);
        Assert.Empty(system.Children());
    }

    public void Dispose() => _folder.Dispose();
}
