using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Training.Tests.Learners;

/// <summary>Predictions and feedback as inference logs them.</summary>
internal static class Logged
{
    private static readonly DateTimeOffset Time = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>One prediction with inputs x1, x2 (FP64) and colour, and a probability of the second class.</summary>
    public static LogEvent Prediction(string endpoint, string request, double[] numbers, string colour, float probability = 0.5f, string role = VariantRole.Live, string? paired = null)
    {
        var batch = new PredictionBatchEvent
        {
            BatchId = $"b-{role}-{request}",
            Endpoint = endpoint,
            EndpointRevision = 1,
            Model = "clicks",
            Version = role == VariantRole.Live ? 1 : 2,
            Variant = role,
            Role = role,
            Time = Time,
            RequestIds = [request],
            PairedRequestIds = paired is null ? null : [paired],
            TimeOffsetsMicroseconds = [0],
            LatenciesMicroseconds = [100],
            Inputs = new Dictionary<string, BatchColumn>
            {
                ["x1"] = Column("FP64", MemoryMarshal.AsBytes<double>([numbers[0]]).ToArray()),
                ["x2"] = Column("FP64", MemoryMarshal.AsBytes<double>([numbers[1]]).ToArray()),
                ["colour"] = Column("BYTES", Bytes(colour)),
            },
            JoinKeys = new Dictionary<string, BatchColumn>(),
            Outputs = new Dictionary<string, BatchColumn>
            {
                [StandardOutputs.Label] = new() { Datatype = "BYTES", Shape = [-1], Data = Bytes(probability >= 0.5f ? "yes" : "no") },
                [StandardOutputs.Probabilities] = new() { Datatype = "FP32", Shape = [-1, 2], Data = MemoryMarshal.AsBytes<float>([1 - probability, probability]).ToArray() },
            },
        };
        return CloudEvents.Create(batch.BatchId, batch.BatchId, EventTypes.PredictionBatch, "/inference", Time, JsonSerializer.SerializeToUtf8Bytes(batch, ContractsJson.Default.PredictionBatchEvent));
    }

    public static LogEvent Feedback(string endpoint, string request, string label)
    {
        var feedback = new FeedbackEvent
        {
            FeedbackId = $"f-{request}",
            PredictionId = $"{request}/0",
            RequestId = request,
            Row = 0,
            Endpoint = endpoint,
            Label = JsonSerializer.SerializeToElement(label),
            Time = Time,
        };
        return CloudEvents.Create(request, feedback.FeedbackId, EventTypes.Feedback, "/inference", Time, JsonSerializer.SerializeToUtf8Bytes(feedback, ContractsJson.Default.FeedbackEvent));
    }

    private static BatchColumn Column(string datatype, byte[] data) => new() { Datatype = datatype, Shape = [-1, 1], Data = data };

    private static byte[] Bytes(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var bytes = new byte[sizeof(uint) + utf8.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)utf8.Length);
        utf8.CopyTo(bytes, sizeof(uint));
        return bytes;
    }
}
