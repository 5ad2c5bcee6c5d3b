using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs.Logs;

/// <summary>Stores the lines of runs, many at a time, within a quarter of a second.</summary>
public sealed class RunLogWriter(RunLog log, IDbContextFactory<TrainingContext> contexts, StoreReady store, TimeProvider time) : BackgroundService
{
    private const int Batch = 1000;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<LogRow> waiting = [];
        try
        {
            await store.WaitAsync(stoppingToken);
            while (await log.Lines.WaitToReadAsync(stoppingToken))
            {
                await Task.Delay(Gather, time, stoppingToken);
                await StoreAsync(waiting, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await StoreAsync(waiting, CancellationToken.None);
        }
    }

    /// <summary>What cannot be stored now waits for the next time; a log is no reason to stop a run.</summary>
    private async Task StoreAsync(List<LogRow> waiting, CancellationToken cancellationToken)
    {
        while (waiting.Count < Batch && log.Lines.TryRead(out var line))
        {
            waiting.Add(line);
        }

        try
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            context.Logs.AddRange(waiting);
            await context.SaveChangesAsync(cancellationToken);
            waiting.Clear();
        }
        catch (Exception error) when (error is DbException or DbUpdateException or InvalidOperationException)
        {
            // The database is away.
        }
    }
}
