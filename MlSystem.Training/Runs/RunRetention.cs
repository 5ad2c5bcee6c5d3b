using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>
/// Deletes the folders and logs of runs that ended long ago. Their records stay. A run that is tried again afterwards makes its
/// files again, and no step takes over what is gone.
/// </summary>
public sealed partial class RunRetention(
    IDbContextFactory<TrainingContext> contexts, PipelineStore pipelines, DataDirectory data, StoreReady store, IOptions<RunOptions> options, TimeProvider time, ILogger<RunRetention> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await store.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception error) when (error is DbException or DbUpdateException or InvalidOperationException or IOException or UnauthorizedAccessException)
            {
                LogFailed(error.Message);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    /// <summary>Deletes what is due; the folders of this process's own disk only.</summary>
    internal async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var root = Path.Combine(data.Own, "runs");
        var deleted = 0;
        foreach (var folder in Directory.Exists(root) ? Directory.EnumerateDirectories(root) : [])
        {
            if (await IsDueAsync(Path.GetFileName(folder), cancellationToken))
            {
                Directory.Delete(folder, recursive: true);
                deleted++;
            }
        }

        await DeleteLogsAsync(cancellationToken);
        return deleted;
    }

    private async Task<bool> IsDueAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var run = await context.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
        if (run is null || !RunState.IsFinal(run.State) || run.FinishedAt is not { } finished)
        {
            return false;
        }

        var definition = await pipelines.FindAsync(run.Pipeline, run.PipelineVersion, cancellationToken);
        var keep = definition?.Definition.Execution.KeepDays is { } days ? TimeSpan.FromDays(days) : options.Value.KeepRuns;
        return finished + keep < time.GetUtcNow();
    }

    private async Task DeleteLogsAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - options.Value.KeepRuns;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await context.Logs.Where(l => context.Runs.Any(r => r.Id == l.RunId && r.FinishedAt < before)).ExecuteDeleteAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old runs cannot be deleted now: {Reason}")]
    private partial void LogFailed(string reason);
}
