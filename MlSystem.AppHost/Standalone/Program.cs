using System.Runtime.InteropServices;
using MlSystem.AppHost.Standalone;
using MlSystem.AppHost.Standalone.Logging;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopOnce);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopOnce);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, StopOnce);

try
{
    var settings = HostSettings.Read(args, Environment.GetEnvironmentVariable);
    if (settings is null)
    {
        Console.WriteLine(HostSettings.Help);
        return 0;
    }

    return await new StandaloneHost(settings, MergedLog.OnConsole(TimeProvider.System), TimeProvider.System).RunAsync(stop.Token);
}
catch (StartRefusedException refused)
{
    await Console.Error.WriteLineAsync($"error: {refused.Message}");
    return refused.ExitCode;
}

// The first signal drains; a second one ends the host at once, and its children with it.
void StopOnce(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
