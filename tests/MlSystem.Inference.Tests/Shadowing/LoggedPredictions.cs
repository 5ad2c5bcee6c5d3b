using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Shadowing;

/// <summary>One request of a batch in the prediction log, in which every request has one row.</summary>
internal sealed record LoggedPrediction(PredictionBatchEvent Batch, int Index)
{
    public string RequestId => Batch.RequestIds[Index];

    public string? PairedRequestId => Batch.PairedRequestIds?[Index];

    /// <summary>The values of an FP32 input.</summary>
    public float[] Input(string name)
    {
        var all = MemoryMarshal.Cast<byte, float>(Batch.Inputs[name].Data.Span);
        var each = all.Length / Batch.RequestIds.Count;
        return all.Slice(Index * each, each).ToArray();
    }
}

/// <summary>What a server wrote to the prediction log.</summary>
internal static class LoggedPredictions
{
    /// <summary>The next so many predictions, in the order of the log.</summary>
    public static async Task<IReadOnlyList<LoggedPrediction>> ReadAsync(InferenceServer server, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var consumer = server.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Predictions, "test");
        var predictions = new List<LoggedPrediction>();
        while (predictions.Count < count)
        {
            var batches = (await consumer.ReadAsync(100, deadline.Token)).Select(stored => JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.PredictionBatchEvent)!);
            predictions.AddRange(batches.SelectMany(batch => Enumerable.Range(0, batch.RequestIds.Count).Select(i => new LoggedPrediction(batch, i))));
        }

        return predictions;
    }
}
