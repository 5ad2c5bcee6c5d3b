using System.Globalization;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.LoggedPredictions;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>The topics that a learner reads, and what each event of them does to it.</summary>
internal sealed class LearnerFeed : IAsyncDisposable
{
    private const int MostEvents = 2000;
    private readonly List<(string Topic, IEventConsumer Consumer, Action<StoredEvent> Handle)> _sources = [];
    private readonly Consumption _consumption;
    private readonly JoinBuffer _join;
    private readonly LearnerDefinition _definition;
    private readonly string _id;
    private readonly TimeProvider _time;
    private readonly HashSet<string> _columns;

    public LearnerFeed(IEventLog log, LearnerDefinition definition, string id, Consumption consumption, JoinBuffer join, TimeProvider time)
    {
        (_definition, _id, _consumption, _join, _time) = (definition, id, consumption, join, time);
        _columns = [.. definition.Features.Columns().Select(c => c.Name)];
        if (definition.Label.WeightColumn is { } weight)
        {
            _columns.Add(weight);
        }

        switch (definition.Source.Kind)
        {
            case LearnerSource.EndpointRows:
                Add(log, Topics.Predictions, TakePredictions);
                Add(log, Topics.Feedback, TakeFeedback);
                break;
            case LearnerSource.TopicRows:
                Add(log, definition.Source.Topic!, stored => TakeRow(definition.Source.Topic!, stored));
                break;
            default:
                Add(log, LearnerTopic.Of(definition.Name), stored => TakeRow(LearnerTopic.Of(definition.Name), stored));
                break;
        }
    }

    /// <summary>Takes what is there, waiting at most a while for the first event.</summary>
    public async Task ReadAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        foreach (var (topic, consumer, handle) in _sources)
        {
            foreach (var stored in await SliceAsync(consumer, wait / _sources.Count, cancellationToken))
            {
                if (_consumption.Advance(topic, stored))
                {
                    handle(stored);
                }
            }
        }

        _join.Trim(_time.GetUtcNow());
    }

    /// <summary>Tells the log what is stored; before that it would deliver it again.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        foreach (var (_, consumer, _) in _sources)
        {
            await consumer.CommitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, consumer, _) in _sources)
        {
            await consumer.DisposeAsync();
        }
    }

    private void Add(IEventLog log, string topic, Action<StoredEvent> handle) => _sources.Add((topic, log.Subscribe(topic, $"learner-{_id}"), handle));

    private async Task<IReadOnlyList<StoredEvent>> SliceAsync(IEventConsumer consumer, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(wait, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            return await consumer.ReadAsync(Math.Min(MostEvents, _definition.Checkpoint.Events), either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    private void TakeRow(string topic, StoredEvent stored)
    {
        // Rows posted to an earlier learner of this name are not this one's.
        if (stored.Event.Headers.TryGetValue(LearnerTopic.LearnerHeader, out var learner) && learner != _id)
        {
            return;
        }

        _consumption.Take(stored.Event.Value.Span, default, () => Where(topic, stored));
    }

    private void TakePredictions(StoredEvent stored)
    {
        try
        {
            if (LoggedBatch.Read(stored) is not { HasInputs: true } batch || batch.Event.Endpoint != _definition.Source.Endpoint || batch.Event.Role != VariantRole.Live)
            {
                return;
            }

            foreach (var row in batch.Rows())
            {
                var inputs = batch.Inputs(row, _columns.Contains).ToJsonString();
                if (_join.Prediction(row.PredictionId, inputs, _time.GetUtcNow()) is { } label)
                {
                    _consumption.Take(Encoding.UTF8.GetBytes(inputs), label, () => $"prediction {row.PredictionId}");
                }
            }
        }
        catch (FormatException error)
        {
            _consumption.Reject($"{Where(Topics.Predictions, stored)}: {error.Message}");
        }
    }

    private void TakeFeedback(StoredEvent stored)
    {
        FeedbackEvent? feedback;
        try
        {
            feedback = JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.FeedbackEvent);
        }
        catch (JsonException error)
        {
            _consumption.Reject($"{Where(Topics.Feedback, stored)}: {error.Message}");
            return;
        }

        if (feedback?.Label is not { } label || feedback.Endpoint != _definition.Source.Endpoint)
        {
            return;
        }

        var text = label.GetRawText();
        if (_join.Label(feedback.PredictionId, text, _time.GetUtcNow()) is { } inputs)
        {
            _consumption.Take(inputs, Encoding.UTF8.GetBytes(text), () => $"prediction {feedback.PredictionId}");
        }
    }

    private static string Where(string topic, StoredEvent stored) =>
        string.Create(CultureInfo.InvariantCulture, $"topic {topic}, partition {stored.Partition}, offset {stored.Offset}");
}

/// <summary>The topic of a learner's own events.</summary>
internal static class LearnerTopic
{
    /// <summary>Header with the id of the learner that a row was posted to.</summary>
    public const string LearnerHeader = "mlsystem_learner";

    /// <summary>All rows of a learner have its name as key, hence one partition and one order.</summary>
    public static string Of(string learner) => $"mlsystem.learners.{learner}";
}
