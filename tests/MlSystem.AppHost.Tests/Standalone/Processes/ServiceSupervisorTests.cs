using MlSystem.AppHost.Standalone;
using MlSystem.AppHost.Standalone.Logging;
using MlSystem.AppHost.Standalone.Processes;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone.Processes;

public sealed class ServiceSupervisorTests
{
    /// <summary>The program is a host that can't write its data directory: a process that ends with 78 and one line.</summary>
    [Fact]
    public async Task A_program_that_says_it_is_unusable_is_not_started_again()
    {
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        var output = new StringWriter();
        var log = new MergedLog(output, output, colour: false, TimeProvider.System);
        using var http = new HttpClient();
        var supervisor = new ServiceSupervisor(
            ServiceTopology.Service("registry"), StandaloneSystem.HostProgram, new HostSettings("/proc/mlsystem", StandaloneSystem.FreeBlock()), new HealthProbe(http, TimeProvider.System), log, TimeProvider.System);

        var refused = await Assert.ThrowsAsync<StartRefusedException>(
            () => supervisor.RunAsync(TimeSpan.FromSeconds(5), CancellationToken.None, CancellationToken.None));

        Assert.Equal(StartRefusedException.Unusable, refused.ExitCode);
        Assert.Contains("data directory /proc/mlsystem is not writable", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("starting it again", output.ToString(), StringComparison.Ordinal);
        Assert.False(supervisor.Ready.IsCompleted);
    }
}
