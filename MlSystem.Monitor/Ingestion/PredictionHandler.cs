using MlSystem.Contracts;
using MlSystem.Monitor.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Monitor.Ingestion;

/// <summary>Consumes predictions; the offset is committed after the database has them.</summary>
internal sealed partial class PredictionHandler(EventHandlerContext context, JoinStore store, ILogger<PredictionHandler> logger)
    : EventHandlerService(context, Topics.Predictions, Group, MaxEvents)
{
    /// <summary>An event is up to a megabyte; one transaction takes tens of thousands of requests then.</summary>
    private const int MaxEvents = 64;

    public const string Group = "monitor";

    protected override async Task HandleAsync(IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        var arrivals = new List<Arrival>(events.Count);
        var rejected = new List<RejectedRow>();
        foreach (var e in events)
        {
            if (EventReader.Predictions(e, out var reason) is { } arrival)
            {
                arrivals.Add(arrival);
            }
            else
            {
                LogRejected(e.Partition, e.Offset, reason);
                rejected.Add(EventReader.Rejected(Topics.Predictions, e, reason));
            }
        }

        await store.AddPredictionsAsync(arrivals, rejected, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Prediction event {Partition}/{Offset} can't be read and is put aside: {Reason}")]
    private partial void LogRejected(int partition, long offset, string reason);
}
