using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlSystem.ServiceDefaults.Shutdown;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.Health;

/// <summary>
/// Says whether the service is ready. It is not before its start-up tasks are done and after it was told to stop; in between
/// a lost dependency makes it degraded, which takes no replica out of rotation that can still answer.
/// </summary>
internal sealed class HealthReports(HealthCheckService checks, StartupRunner startup, Drain drain, TimeProvider time) : IDisposable
{
    /// <summary>Anybody may ask: the dependencies are asked at most once in this time.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _one = new(1, 1);
    private (long Taken, IReadOnlyList<HealthCheckEntry> Checks)? _last;

    public async Task<HealthBody> GetAsync(CancellationToken cancellationToken)
    {
        if (drain.IsDraining)
        {
            return new HealthBody { Status = "draining" };
        }

        if (!startup.IsReady)
        {
            return new HealthBody { Status = "starting", Pending = startup.Pending, LastError = startup.LastError };
        }

        var entries = await CheckAsync(cancellationToken);
        return new HealthBody
        {
            Status = entries.All(entry => entry.Status == "healthy") ? "healthy" : "degraded",
            Checks = entries,
        };
    }

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<HealthCheckEntry>> CheckAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && time.GetElapsedTime(last.Taken) < Freshness)
            {
                return last.Checks;
            }

            var report = await checks.CheckHealthAsync(cancellationToken);
            var entries = report.Entries.Select(entry => new HealthCheckEntry
            {
                Name = entry.Key,
                Status = entry.Value.Status == HealthStatus.Healthy ? "healthy" : "degraded",
                Description = entry.Value.Description ?? entry.Value.Exception?.Message,
            }).ToList();
            _last = (time.GetTimestamp(), entries);
            return entries;
        }
        finally
        {
            _one.Release();
        }
    }
}
