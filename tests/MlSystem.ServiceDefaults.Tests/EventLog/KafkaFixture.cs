using Microsoft.Extensions.Logging.Abstractions;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.EventLog.Kafka;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>The Kafka log on the broker that <c>MLSYSTEM_TEST_KAFKA</c> names, else on librdkafka's mock.</summary>
public sealed class KafkaFixture : EventLogFixture
{
    private readonly KafkaMockServer? _mock;
    private readonly string _servers;
    private readonly List<KafkaEventLog> _logs = [];

    private KafkaFixture(KafkaMockServer? mock, string servers) => (_mock, _servers) = (mock, servers);

    public static string? RealBroker { get; } = Environment.GetEnvironmentVariable("MLSYSTEM_TEST_KAFKA") is { Length: > 0 } servers ? servers : null;

    public KafkaMockServer? Mock => _mock;

    public string Servers => _servers;

    public override string? CannotSeek => _mock is null ? null
        : "librdkafka's mock broker answers every look-up by time with the end; set MLSYSTEM_TEST_KAFKA to a real broker";

    public override string? CannotApplyRetention => _mock is null
        ? "a broker applies retention in its own time, minutes after the topic's setting says so"
        : "librdkafka's mock broker keeps everything: it has no topic administration";

    public override string? CannotStall => _mock is null ? "a real broker can't be stalled from here" : null;

    public static async Task<KafkaFixture> StartAsync()
    {
        if (RealBroker is not null)
        {
            return new KafkaFixture(null, RealBroker);
        }

        var mock = await KafkaMockServer.StartAsync();
        return new KafkaFixture(mock, mock.BootstrapServers);
    }

    public override IEventLog Open(Action<EventLogOptions>? configure = null) => OpenLog(configure);

    public override Task ApplyRetentionAsync(DateTimeOffset olderThan) => throw new NotSupportedException(CannotApplyRetention);

    public override async Task<IAsyncDisposable> StallAsync(string topic)
    {
        await _mock!.SetDownAsync();
        return new Down(_mock);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }

        if (_mock is not null)
        {
            await _mock.DisposeAsync();
        }
    }

    internal KafkaEventLog OpenLog(Action<EventLogOptions>? configure = null)
    {
        var options = new EventLogOptions();
        configure?.Invoke(options);
        var log = new KafkaEventLog(_servers, new EventLogServices(options, new EventLogMetrics(), TimeProvider.System, NullLogger.Instance));
        _logs.Add(log);
        return log;
    }

    private sealed class Down(KafkaMockServer mock) : IAsyncDisposable
    {
        private bool _up;

        public async ValueTask DisposeAsync()
        {
            if (!_up)
            {
                _up = true;
                await mock.SetUpAsync();
            }
        }
    }
}

/// <summary>The contract on Kafka.</summary>
public sealed class KafkaContractTests : EventLogContract
{
    protected override async Task<EventLogFixture> CreateAsync() => await KafkaFixture.StartAsync();

    /// <summary>Joining a group takes the broker longer than a moment: an event that arrives shows that it is done.</summary>
    protected override async Task<bool> ReadyAsync(MlSystem.ServiceDefaults.EventLog.IEventConsumer consumer)
    {
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        joined.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            await consumer.ReadAsync(1, joined.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }
}
