using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Shutdown;

/// <summary>
/// Ends the process when its standard input ends. A host holds the other end of that pipe, and the kernel closes it
/// however the host dies, so no child outlives it.
/// </summary>
internal static class StdinWatch
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

    public static void StartIfAsked(IServiceProvider services)
    {
        if (services.GetRequiredService<IOptions<ServiceOptions>>().Value.ExitOnStdinClose)
        {
            var lifetime = services.GetRequiredService<IHostApplicationLifetime>();
            var stopped = new ManualResetEventSlim();
            lifetime.ApplicationStopped.Register(stopped.Set);
            // A thread of its own: the read blocks for the process's whole life, and must work when the pool is starved.
            new Thread(() => Watch(lifetime, stopped)) { IsBackground = true, Name = "stdin watch" }.Start();
        }
    }

    private static void Watch(IHostApplicationLifetime lifetime, ManualResetEventSlim stopped)
    {
        var buffer = new byte[256];
        using (var input = Console.OpenStandardInput())
        {
            while (input.Read(buffer) > 0)
            {
                // What arrives has no meaning; only the end has.
            }
        }

        new Thread(() => Stop(lifetime)) { IsBackground = true, Name = "stdin stop" }.Start();
        stopped.Wait(DrainTime);
        // Exit runs native clean-up that can hang; then the kernel ends it.
        new Thread(KillSoon) { IsBackground = true, Name = "stdin kill" }.Start();
        Environment.Exit(Environment.ExitCode);
    }

    private static void Stop(IHostApplicationLifetime lifetime) => lifetime.StopApplication();

    private static void KillSoon()
    {
        using var never = new ManualResetEventSlim();
        never.Wait(TimeSpan.FromSeconds(1));
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
