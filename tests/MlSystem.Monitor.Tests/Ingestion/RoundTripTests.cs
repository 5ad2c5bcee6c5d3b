using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Routing;
using MlSystem.Monitor.History;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Monitor.Tests.Ingestion;

/// <summary>What Inference logs, Monitor gives back: random tensors of every datatype in random shapes, in events of random sizes.</summary>
public sealed class RoundTripTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Every_logged_request_comes_back_value_by_value(int seed)
    {
        var random = new Random(seed);
        var options = new PredictionLogOptions { BatchSize = random.Next(1, 40), MaxEventBytes = random.Next(20_000, 60_000) };
        var calls = new LoggedCalls(random, seed);
        var events = await LogAsync(options, random, calls);
        using var monitor = new MonitorDatabase();
        foreach (var e in events)
        {
            Assert.InRange(e.Value.Length, 1, options.MaxEventBytes);
            await monitor.Join.AddPredictionsAsync([Samples.Arrival(e), Samples.Arrival(e)], [], CancellationToken.None);
        }

        if (seed % 3 == 0)
        {
            await monitor.Writer.FlushAsync(CancellationToken.None);
        }

        var rows = await monitor.History.ReadAsync(new HistoryQuery("é\"ndpoint", null, null, Labelled: false), null, 100_000, CancellationToken.None);
        Assert.Equal(
            calls.Expected.Select(prediction => $"{prediction.Key} {prediction.Value}").Order(StringComparer.Ordinal),
            rows.Select(row => $"{row.PredictionId} " + LoggedCalls.Text(
                row.Time, row.ClientId, row.EndpointRevision, row.Role, row.PairedRequestId, row.LatencyUs, row.OldestFeatureAgeSeconds,
                row.Inputs.GetRawText(), row.JoinKeys.GetRawText(), row.Outputs.GetRawText())).Order(StringComparer.Ordinal));
    }

    /// <summary>Logs from four threads while time passes, then stops the log.</summary>
    private static async Task<IReadOnlyCollection<LogEvent>> LogAsync(PredictionLogOptions options, Random random, LoggedCalls calls)
    {
        var time = new FakeTimeProvider(Samples.Start.AddHours(13.999));
        var log = new KeptEvents();
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["MlSystem:HashKey"] = new string('k', 32) }).Build();
        using var data = new DataDirectory(configuration, "test");
        using var logger = new PredictionLogger(
            log, new HashKey(configuration, data), new RandomSource(7), Options.Create(options), services.GetRequiredService<IMeterFactory>(), time, NullLogger<PredictionLogger>.Instance);
        await logger.StartAsync(CancellationToken.None);
        var all = Enumerable.Range(0, 200).Select(_ => calls.Next(time.GetUtcNow())).ToList();
        var cut = random.Next(all.Count);
        await Parallel.ForEachAsync(all[..cut], new ParallelOptions { MaxDegreeOfParallelism = 4 }, (call, _) => Log(logger, call));
        time.Advance(TimeSpan.FromSeconds(1));
        await Parallel.ForEachAsync(all[cut..], new ParallelOptions { MaxDegreeOfParallelism = 4 }, (call, _) => Log(logger, call));
        await logger.StopAsync(CancellationToken.None);
        return log.Events;
    }

    private static ValueTask Log(PredictionLogger logger, AnsweredCall call)
    {
        logger.Log(in call);
        return ValueTask.CompletedTask;
    }

    private sealed class KeptEvents : IEventLog
    {
        public ConcurrentQueue<LogEvent> Events { get; } = new();

        public Task AppendAsync(string topic, IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken)
        {
            foreach (var e in events)
            {
                Events.Enqueue(e with { Value = e.Value.ToArray() });
            }

            return Task.CompletedTask;
        }

        public IEventConsumer Subscribe(string topic, string group, ConsumerOptions? options = null) => throw new NotSupportedException();

        public Task<IReadOnlyList<GroupPosition>> GetPositionsAsync(string topic, string group, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
