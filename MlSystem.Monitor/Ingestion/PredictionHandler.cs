using MlSystem.Contracts;
using MlSystem.Monitor.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Monitor.Ingestion;

/// <summary>Consumes predictions; the offset is committed after the database has them.</summary>
internal sealed partial class PredictionHandler(EventHandlerContext context, JoinStore store, ILogger<PredictionHandler> logger)
    : EventHandlerService(context, Topics.Predictions, Group)
{
    public const string Group = "monitor";

    protected override async Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var predictions = new List<PredictionEvent>(events.Count);
        var rejected = new List<RejectedRow>();
        foreach (var e in events)
        {
            if (EventReader.Prediction(e, out var reason) is { } prediction)
            {
                predictions.Add(prediction);
            }
            else
            {
                LogRejected(e.Partition, e.Offset, reason);
                rejected.Add(EventReader.Rejected(Topics.Predictions, e, reason));
            }
        }

        await store.AddPredictionsAsync(predictions, rejected, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Prediction event {Partition}/{Offset} can't be read and is put aside: {Reason}")]
    private partial void LogRejected(int partition, long offset, string reason);
}
