namespace MlSystem.FeatureStore.Consistency;

/// <summary>Writes the sampled reads that wait, and removes old ones.</summary>
public sealed partial class ReadLogWriter(ReadLog log, ReadLogFiles files, TimeProvider time, ILogger<ReadLogWriter> logger) : BackgroundService
{
    private const int ReadsAtOnce = 200;
    private static readonly TimeSpan RetainPeriod = TimeSpan.FromMinutes(10);
    private long _retained;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await log.WaitAsync(stoppingToken))
        {
            await WriteAsync(stoppingToken);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        while (!log.IsEmpty)
        {
            await WriteAsync(cancellationToken);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var reads = new List<LoggedRead>();
        for (var i = 0; i < ReadsAtOnce && log.TryTake(out var read); i++)
        {
            reads.AddRange(read);
        }

        try
        {
            await files.AppendAsync(reads, cancellationToken);
            if (_retained == 0 || time.GetElapsedTime(_retained) > RetainPeriod)
            {
                await files.RetainAsync(time.GetUtcNow(), cancellationToken);
                _retained = time.GetTimestamp();
            }
        }
        catch (IOException error)
        {
            LogFailed(error, reads.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Rows} sampled rows of online reads could not be logged")]
    private partial void LogFailed(Exception error, int rows);
}
