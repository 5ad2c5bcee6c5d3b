using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Authentication;
using MlSystem.ServiceDefaults.Shutdown;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Runs a service from the checks before listening to its exit code.</summary>
public static class ServiceHost
{
    /// <summary>
    /// Checks configuration, addresses and the data directory, runs the service until it is told to stop, and drains it.
    /// Unusable configuration or an unusable store is one line on standard error.
    /// </summary>
    /// <returns>The exit code, which is also set as the process's: 0 after an orderly stop, <see cref="StartupFailureException.ExitCode"/> when the service can't run as configured, 1 when a background loop failed.</returns>
    public static async Task<int> RunServiceAsync(this WebApplication app)
    {
        await using (app)
        {
            var service = app.Services.GetRequiredService<ServiceInfo>().Name;
            try
            {
                Prepare(app);
                await app.StartAsync();
                await app.WaitForShutdownAsync();
            }
            catch (Exception error) when (StartupFailureException.Explain(error) is { } line)
            {
                return Fail(service, line);
            }
            catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // Told to stop while it was starting; the outcome says by whom.
            }

            return Outcome(app, service);
        }
    }

    private static void Prepare(WebApplication app)
    {
        StdinWatch.StartIfAsked(app.Services);
        app.Services.GetService<IStartupValidator>()?.Validate();
        var bindings = app.Services.GetRequiredService<IReadOnlyList<ServiceBinding>>();
        ApiKeys.ThrowIfOpen(app.Services.GetRequiredService<IOptionsMonitor<ApiKeyOptions>>().CurrentValue, bindings);
        if (app.Services.GetRequiredService<IServer>() is ExplicitServer)
        {
            Listening.ThrowIfTaken(bindings);
        }

        app.Services.GetRequiredService<DataDirectory>().Lock();
    }

    private static int Outcome(WebApplication app, string service)
    {
        if (app.Services.GetRequiredService<StartupRunner>().Failure is { } failure)
        {
            return Fail(service, failure.Message);
        }

        // The host stops when a background loop throws, but calls that an orderly end: whoever restarts us must see the difference.
        var failed = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(loop => loop.ExecuteTask is { IsFaulted: true });
        return Environment.ExitCode = failed ? 1 : 0;
    }

    internal static int Fail(string service, string line)
    {
        Console.Error.WriteLine($"{service}: {line.ReplaceLineEndings(" ")}");
        return Environment.ExitCode = StartupFailureException.ExitCode;
    }
}
