using MlSystem.Contracts;
using MlSystem.Monitor.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Monitor.Ingestion;

/// <summary>Consumes feedback; the offset is committed after the database has them.</summary>
internal sealed partial class FeedbackHandler(EventHandlerContext context, JoinStore store, ILogger<FeedbackHandler> logger)
    : EventHandlerService(context, Topics.Feedback, PredictionHandler.Group)
{
    protected override async Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var feedback = new List<FeedbackEvent>(events.Count);
        var rejected = new List<RejectedRow>();
        foreach (var e in events)
        {
            if (EventReader.Feedback(e, out var reason) is { } item)
            {
                feedback.Add(item);
            }
            else
            {
                LogRejected(e.Partition, e.Offset, reason);
                rejected.Add(EventReader.Rejected(Topics.Feedback, e, reason));
            }
        }

        await store.AddFeedbackAsync(feedback, rejected, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Feedback event {Partition}/{Offset} can't be read and is put aside: {Reason}")]
    private partial void LogRejected(int partition, long offset, string reason);
}
