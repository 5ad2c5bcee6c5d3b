using MlSystem.AppHost.Standalone.Cache;
using MlSystem.AppHost.Standalone.Logging;
using MlSystem.AppHost.Standalone.Preflight;
using MlSystem.AppHost.Standalone.Processes;
using MlSystem.AppHost.Standalone.Samples;

namespace MlSystem.AppHost.Standalone;

/// <summary>The whole system on one machine: checks, starts, watches and stops it.</summary>
internal sealed class StandaloneHost(HostSettings settings, MergedLog log, TimeProvider time)
{
    /// <summary>How long the services of a killed host may still hold its ports.</summary>
    private static readonly TimeSpan Leftovers = TimeSpan.FromSeconds(15);

    private readonly long _started = time.GetTimestamp();

    /// <summary>Runs until <paramref name="stopRequested"/>; 0 after a proper stop.</summary>
    /// <exception cref="StartRefusedException">It can't start, or a service can't go on. Nothing is left running.</exception>
    public async Task<int> RunAsync(CancellationToken stopRequested)
    {
        var programs = ServicePrograms.Locate(AppContext.BaseDirectory);
        using var held = DataDirectoryLock.Take(settings.DataDirectory);
        StoreCheck.EnsureSound(settings.DataDirectory);
        await PortCheck.EnsureFreeAsync(settings.PortOffset, held.LastHostDied ? Leftovers : TimeSpan.Zero, time, stopRequested);
        using var cache = EmbeddedCache.Start(settings, log);
        Announce();

        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var health = new HealthProbe(http, time);
        var supervisors = ServiceTopology.Services.ToDictionary(
            service => service.Name,
            service => new ServiceSupervisor(service, programs[service.Name], settings, health, log, time),
            StringComparer.Ordinal);
        await RunAsync(new ServiceGraph(supervisors, time), stopRequested);
        log.Host("stopped");
        return 0;
    }

    private async Task RunAsync(ServiceGraph services, CancellationToken stopRequested)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopRequested);
        await using var note = stopRequested.Register(() => log.Host("stopping"));
        var work = WorkAsync(services, over.Token);
        try
        {
            await services.RunAsync(stopRequested);
        }
        finally
        {
            await over.CancelAsync();
            await work;
        }
    }

    /// <summary>What the host does beside watching: tells when everything is ready, then loads the sample.</summary>
    private async Task WorkAsync(ServiceGraph services, CancellationToken over)
    {
        try
        {
            await services.Ready.WaitAsync(over);
            var gateway = ServiceEnvironment.Url(ServiceTopology.Service(ServiceTopology.Gateway).HttpPort, settings);
            log.Host($"ready in {time.GetElapsedTime(_started).TotalSeconds:0.0} s: {gateway}/ shows every service's state; Ctrl-C stops everything");
            if (settings.Sample is { } sample)
            {
                await new SampleLoader(gateway, log, time).LoadAsync(sample, over);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // Stopped before it was ready, or while the sample was loading: its run goes on at the next start.
        }
    }

    private void Announce()
    {
        log.Host($"MlSystem {typeof(StandaloneHost).Assembly.GetName().Version?.ToString(3)}, data in {settings.DataDirectory}");
        foreach (var service in ServiceTopology.Services.Reverse())
        {
            var grpc = service.GrpcPort is { } port ? $"   gRPC {ServiceEnvironment.Url(port, settings)}" : "";
            log.Host($"  {service.Name,-10} {ServiceEnvironment.Url(service.HttpPort, settings)}{grpc}");
        }

        log.Host($"  {"cache",-10} redis://127.0.0.1:{ServiceTopology.CachePort + settings.PortOffset}");
    }
}
