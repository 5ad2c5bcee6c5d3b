using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Shutdown;

/// <summary>
/// The first thing that happens when the service is told to stop: readiness ends, and requests still get answers for
/// <see cref="ServiceOptions.DrainDelaySeconds"/>. Only then the server stops listening and waits for those in flight.
/// </summary>
public sealed class Drain(IHostApplicationLifetime lifetime, IOptions<ServiceOptions> options, TimeProvider time) : IHostedLifecycleService
{
    /// <summary>Whether the service was told to stop. Long polls and streams should end themselves then.</summary>
    public bool IsDraining => lifetime.ApplicationStopping.IsCancellationRequested;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (options.Value.DrainDelaySeconds > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(options.Value.DrainDelaySeconds), time, cancellationToken);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
