using Microsoft.Extensions.Logging.Abstractions;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.EventLog.Embedded;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>The embedded log in a folder of its own.</summary>
public sealed class EmbeddedFixture(TimeProvider? time = null) : EventLogFixture
{
    private readonly TempFolder _folder = new();
    private readonly List<EmbeddedEventLog> _logs = [];

    public string Folder => _folder["eventlog"];

    public override IEventLog Open(Action<EventLogOptions>? configure = null) => OpenLog(configure);

    public override async Task ApplyRetentionAsync(DateTimeOffset olderThan)
    {
        foreach (var topic in _logs[0].ExistingTopics())
        {
            await _logs[0].ApplyRetentionAsync(topic, olderThan, long.MaxValue, CancellationToken.None);
        }
    }

    /// <summary>Holds the file's write lock, as a slow other process would.</summary>
    public override Task<IAsyncDisposable> StallAsync(string topic)
    {
        var database = TopicFile.Open(Folder, topic, 1);
        Assert.True(database.TryBeginWrite());
        return Task.FromResult<IAsyncDisposable>(new Lock(database));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }

        _folder.Dispose();
    }

    internal EmbeddedEventLog OpenLog(Action<EventLogOptions>? configure = null)
    {
        var options = new EventLogOptions { LeaseDuration = TimeSpan.FromSeconds(2) };
        configure?.Invoke(options);
        var log = new EmbeddedEventLog(Folder, new EventLogServices(options, new EventLogMetrics(), time ?? TimeProvider.System, NullLogger.Instance));
        _logs.Add(log);
        return log;
    }

    private sealed class Lock(SqliteDatabase database) : IAsyncDisposable
    {
        private bool _released;

        public ValueTask DisposeAsync()
        {
            if (!_released)
            {
                _released = true;
                database.Rollback();
                database.Dispose();
            }

            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>The contract on the embedded log.</summary>
public sealed class EmbeddedContractTests : EventLogContract
{
    protected override Task<EventLogFixture> CreateAsync() => Task.FromResult<EventLogFixture>(new EmbeddedFixture());
}
