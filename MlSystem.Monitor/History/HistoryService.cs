using System.Data.Common;
using DuckDB.NET.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Monitor.History;

/// <summary>Writes staged rows when a batch is full or its time has come, and runs the maintenance.</summary>
internal sealed partial class HistoryService(
    HistoryWriter writer, HistoryMaintenance maintenance, StartupRunner startup, IOptions<HistoryOptions> options, TimeProvider time, ILogger<HistoryService> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        var (flushed, maintained) = (time.GetTimestamp(), (long?)null);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (time.GetElapsedTime(flushed).TotalSeconds >= options.Value.FlushIntervalSeconds || await writer.IsFullAsync(stoppingToken))
                {
                    flushed = time.GetTimestamp();
                    while (await writer.FlushAsync(stoppingToken) && await writer.IsFullAsync(stoppingToken))
                    {
                        // More came meanwhile than one pass takes.
                    }
                }

                if (maintained is not { } last || time.GetElapsedTime(last).TotalMinutes >= options.Value.MaintenanceIntervalMinutes)
                {
                    maintained = time.GetTimestamp();
                    await maintenance.RunAsync(stoppingToken);
                }
            }
            catch (Exception error) when (error is IOException or DbException or DbUpdateException or DuckDBException)
            {
                // Staged rows stay in the database: the next tick tries again.
                LogFailed(error);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Writing the prediction history failed; it is tried again")]
    private partial void LogFailed(Exception error);
}
