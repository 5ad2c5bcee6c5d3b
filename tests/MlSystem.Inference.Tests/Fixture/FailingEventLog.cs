using System.Collections.Concurrent;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Fixture;

/// <summary>An event log that is down until <see cref="Works"/> is set: no real one can be taken away from its own process.</summary>
public sealed class FailingEventLog : IEventLog
{
    private volatile bool _works;

    public bool Works
    {
        get => _works;
        set => _works = value;
    }

    /// <summary>Whether <see cref="Appended"/> has what was appended.</summary>
    public bool Keeps { get; init; } = true;

    public ConcurrentQueue<LogEvent> Appended { get; } = new();

    /// <summary>The events as batches of predictions.</summary>
    public List<PredictionBatchEvent> Batches() => [.. Appended.Select(e => JsonSerializer.Deserialize(e.Value.Span, ContractsJson.Default.PredictionBatchEvent)!)];

    public Task AppendAsync(string topic, IReadOnlyCollection<LogEvent> events, CancellationToken cancellationToken)
    {
        if (!Works)
        {
            throw new IOException("the event log is down");
        }

        foreach (var appended in Keeps ? events : [])
        {
            // The caller may use its memory again once this returns, as with every event log.
            Appended.Enqueue(appended with { Value = appended.Value.ToArray() });
        }

        return Task.CompletedTask;
    }

    public IEventConsumer Subscribe(string topic, string group, ConsumerOptions? options = null) => throw new NotSupportedException();

    public Task<IReadOnlyList<GroupPosition>> GetPositionsAsync(string topic, string group, CancellationToken cancellationToken) => throw new NotSupportedException();
}
