using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>How long a handler waits before it subscribes again to a log that failed.</summary>
public sealed class ResubscribeTests
{
    private const int Losses = 6;

    [Fact]
    public async Task Waits_twice_as_long_each_time_while_nothing_can_be_read()
    {
        var delays = await DelaysAsync(readsSomething: false);

        Assert.Equal([100, 200, 400, 800, 1600, 3200], delays);
    }

    [Fact]
    public async Task Begins_anew_with_the_shortest_wait_after_something_was_handled()
    {
        var delays = await DelaysAsync(readsSomething: true);

        Assert.Equal(Enumerable.Repeat(100.0, Losses), delays);
    }

    private static async Task<double[]> DelaysAsync(bool readsSomething)
    {
        var time = new InstantTime();
        using var never = new CancellationTokenSource();
        using var lifetime = new TestLifetime();
        var startup = new StartupRunner([], lifetime, TimeProvider.System, NullLogger<StartupRunner>.Instance);
        await startup.StartAsync(never.Token);
        using var handler = new Handler(
            new EventHandlerContext(new FailingLog(readsSomething), startup, new EventLogMetrics(), time, NullLoggerFactory.Instance));

        await handler.StartAsync(never.Token);
        await time.Enough.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await handler.StopAsync(never.Token);
        return [.. time.Delays.Take(Losses).Select(delay => delay.TotalMilliseconds)];
    }

    /// <summary>Notes what is waited for and lets it pass at once.</summary>
    private sealed class InstantTime : TimeProvider
    {
        public ConcurrentQueue<TimeSpan> Delays { get; } = new();

        public TaskCompletionSource Enough { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Delays.Enqueue(dueTime);
            if (Delays.Count >= Losses)
            {
                Enough.TrySetResult();
            }

            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }

    /// <summary>Each subscription gives one event or none, then breaks.</summary>
    private sealed class FailingLog(bool readsSomething) : IEventLog
    {
        public Task AppendAsync(string topic, IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken) => Task.CompletedTask;

        public IEventConsumer Subscribe(string topic, string group, ConsumerOptions? options = null) => new Consumer(readsSomething ? 1 : 0);

        public Task<IReadOnlyList<GroupPosition>> GetPositionsAsync(string topic, string group, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<GroupPosition>>([]);
    }

    private sealed class Consumer(int events) : IEventConsumer
    {
        private int _left = events;

        public IReadOnlyList<int> Assigned => [0];

        public Task<IReadOnlyList<StoredEvent>> ReadAsync(int maxEvents, CancellationToken cancellationToken) => _left-- > 0
            ? Task.FromResult<IReadOnlyList<StoredEvent>>([new StoredEvent(0, 0, DateTimeOffset.UnixEpoch, Events.Of("key", "1"))])
            : throw new IOException("The log is gone.");

        public Task CommitAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task SeekAsync(DateTimeOffset from, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Handler(EventHandlerContext context) : EventHandlerService(context, "topic", "group")
    {
        protected override Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
