using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Monitor.Ingestion;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Monitor.Tests;

/// <summary>Events as Inference writes them.</summary>
internal static class Samples
{
    /// <summary>Two days ago at ten: within the retention of a real Monitor, and on one day.</summary>
    public static DateTimeOffset Start { get; } = new(TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(-2).AddHours(10), TimeSpan.Zero);

    public static string RequestId(int i) => $"0195{i:x8}-0000-7000-8000-000000000000";

    /// <summary>Request <paramref name="i"/> with two rows, made <paramref name="i"/> seconds behind <see cref="Start"/>.</summary>
    public static PredictionEvent Prediction(int i, string endpoint = "churn", int version = 1) => new()
    {
        RequestId = RequestId(i),
        ClientId = $"client-{i}",
        Endpoint = endpoint,
        Model = endpoint,
        Version = version,
        Variant = "champion",
        Role = VariantRole.Live,
        Time = Start + TimeSpan.FromSeconds(i),
        Rows = 2,
        Inputs = new Dictionary<string, TensorColumn>
        {
            ["tenure"] = Column("FP32", [2, 1], "[1.5,null]"),
            ["contract"] = Column("BYTES", [2], """["One year","it's"]"""),
        },
        JoinKeys = new Dictionary<string, TensorColumn> { ["customer_id"] = Column("BYTES", [2], """["C1","C2"]""") },
        Outputs = new Dictionary<string, TensorColumn>
        {
            ["label"] = Column("BYTES", [2], """["No","Yes"]"""),
            ["probabilities"] = Column("FP32", [2, 2], "[0.9,0.1,0.2,0.8]"),
        },
        LatencyMicroseconds = 1500,
    };

    /// <summary>The same requests as one batch.</summary>
    public static PredictionBatchEvent Batch(params IReadOnlyList<PredictionEvent> requests) => new()
    {
        BatchId = "b" + requests[0].RequestId,
        Endpoint = requests[0].Endpoint,
        EndpointRevision = 3,
        Model = requests[0].Model,
        Version = requests[0].Version,
        Variant = requests[0].Variant,
        Role = requests[0].Role,
        Time = requests.Min(r => r.Time),
        RequestIds = [.. requests.Select(r => r.RequestId)],
        ClientIds = requests.Select((r, i) => (r, i)).ToDictionary(x => x.i, x => x.r.ClientId!),
        TimeOffsetsMicroseconds = [.. requests.Select(r => (long)(r.Time - requests.Min(other => other.Time)).TotalMicroseconds)],
        Rows = [.. requests.Select(r => r.Rows)],
        LatenciesMicroseconds = [.. requests.Select(r => r.LatencyMicroseconds)],
        Inputs = Columns(requests, r => r.Inputs),
        JoinKeys = Columns(requests, r => r.JoinKeys),
        Outputs = Columns(requests, r => r.Outputs),
    };

    public static LogEvent Event(PredictionBatchEvent batch) => CloudEvents.Create(
        batch.BatchId, batch.BatchId, EventTypes.PredictionBatch, "/inference", batch.Time, JsonSerializer.SerializeToUtf8Bytes(batch, ContractsJson.Default.PredictionBatchEvent));

    public static Arrival Arrival(LogEvent e) =>
        EventReader.Predictions(new StoredEvent(0, 0, e.Headers.Count > 0 ? Start : default, e), out var reason) ?? throw new InvalidOperationException(reason);

    public static FeedbackEvent Feedback(int i, int row, string? label = "Yes", double? reward = null, int seconds = 0, string? id = null, string endpoint = "churn") => new()
    {
        FeedbackId = id ?? $"f-{i}-{row}-{label}-{reward}-{seconds}",
        PredictionId = $"{RequestId(i)}/{row}",
        RequestId = RequestId(i),
        Row = row,
        Endpoint = endpoint,
        Label = label is null ? null : JsonSerializer.SerializeToElement(label),
        Reward = reward,
        Time = Start + TimeSpan.FromDays(1) + TimeSpan.FromSeconds(seconds),
    };

    public static LogEvent Event(PredictionEvent prediction) => CloudEvents.Create(
        prediction.RequestId, prediction.RequestId, EventTypes.Prediction, "/inference", prediction.Time,
        JsonSerializer.SerializeToUtf8Bytes(prediction, ContractsJson.Default.PredictionEvent));

    public static LogEvent Event(FeedbackEvent feedback) => CloudEvents.Create(
        feedback.RequestId, feedback.FeedbackId, EventTypes.Feedback, "/inference", feedback.Time,
        JsonSerializer.SerializeToUtf8Bytes(feedback, ContractsJson.Default.FeedbackEvent));

    private static Dictionary<string, BatchColumn> Columns(IReadOnlyList<PredictionEvent> requests, Func<PredictionEvent, IReadOnlyDictionary<string, TensorColumn>> columns) =>
        columns(requests[0]).ToDictionary(column => column.Key, column => new BatchColumn
        {
            Datatype = column.Value.Datatype,
            Shape = [-1, .. column.Value.Shape.Skip(1)],
            Data = requests.SelectMany(r => columns(r)[column.Key].Data.EnumerateArray()).SelectMany(Raw).ToArray(),
        });

    private static byte[] Raw(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? [.. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(value.GetString()!)), .. Encoding.UTF8.GetBytes(value.GetString()!)]
        : BitConverter.GetBytes(value.ValueKind == JsonValueKind.Null ? float.NaN : value.GetSingle());

    private static TensorColumn Column(string datatype, long[] shape, string data) =>
        new() { Datatype = datatype, Shape = shape, Data = JsonDocument.Parse(data).RootElement };
}
