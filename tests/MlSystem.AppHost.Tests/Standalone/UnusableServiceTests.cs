using MlSystem.AppHost.Standalone;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>A service that refuses its configuration stops the whole system: starting it again would not help.</summary>
public sealed class UnusableServiceTests
{
    [Fact]
    public async Task Its_one_line_is_the_hosts_and_nobody_is_left()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        using var folder = new TempFolder();
        await using var system = StandaloneSystem.Start(
            folder["data"], environment: new Dictionary<string, string> { ["MlSystem__MaxRequestBodyBytes"] = "-5" });

        Assert.Equal(StartRefusedException.Unusable, await system.ExitAsync(RunningSystem.StartTime));
        Assert.Empty(system.Children());
        var line = Assert.Single(system.Errors);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains("MaxRequestBodyBytes", line, StringComparison.Ordinal);
    }
}
