using Microsoft.Extensions.Logging.Abstractions;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

public sealed class EventHandlerServiceTests : IAsyncDisposable
{
    private const string Topic = "handled";
    private readonly EmbeddedFixture _store = new();
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _timeout.Dispose();
    }

    [Fact]
    public async Task An_event_whose_handler_fails_is_not_acknowledged_but_tried_again()
    {
        var log = _store.Open();
        await log.AppendAsync(Topic, [Events.Of("key", "1"), Events.Of("key", "2")], _timeout.Token);
        using var handler = await StartAsync(log, failures: 2);

        var attempts = new List<string>();
        while (attempts.Count < 3)
        {
            attempts.Add(await handler.Attempts.Reader.ReadAsync(_timeout.Token));
            if (attempts.Count < 3)
            {
                Assert.Equal(2, await LagAsync(log));
            }
        }

        while (await LagAsync(log) > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, _timeout.Token);
        }

        await handler.StopAsync(_timeout.Token);
        Assert.Equal(["1,2", "1,2", "1,2"], attempts);
    }

    [Fact]
    public async Task Stopping_while_a_handler_works_leaves_its_events_to_the_next_start()
    {
        var log = _store.Open();
        await log.AppendAsync(Topic, [Events.Of("key", "1")], _timeout.Token);
        using (var handler = await StartAsync(log, failures: int.MaxValue))
        {
            await handler.Attempts.Reader.ReadAsync(_timeout.Token);
            await handler.StopAsync(_timeout.Token);
        }

        using var next = await StartAsync(log, failures: 0);
        Assert.Equal("1", await next.Attempts.Reader.ReadAsync(_timeout.Token));
        await next.StopAsync(_timeout.Token);
    }

    private async Task<long> LagAsync(IEventLog log) => (await log.GetPositionsAsync(Topic, "g", _timeout.Token)).Sum(p => p.End - p.Committed);

    private async Task<Handler> StartAsync(IEventLog log, int failures)
    {
        using var lifetime = new TestLifetime();
        var startup = new StartupRunner([], lifetime, TimeProvider.System, NullLogger<StartupRunner>.Instance);
        await startup.StartAsync(_timeout.Token);
        var handler = new Handler(new EventHandlerContext(log, startup, new EventLogMetrics(), TimeProvider.System, NullLoggerFactory.Instance), failures);
        await handler.StartAsync(_timeout.Token);
        return handler;
    }

    private sealed class Handler(EventHandlerContext context, int failures) : EventHandlerService(context, Topic, "g")
    {
        private int _failures = failures;

        public System.Threading.Channels.Channel<string> Attempts { get; } = System.Threading.Channels.Channel.CreateUnbounded<string>();

        protected override Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
        {
            Attempts.Writer.TryWrite(string.Join(',', events.Select(e => e.Text())));
            return _failures-- > 0 ? throw new InvalidOperationException("not today") : Task.CompletedTask;
        }
    }
}
