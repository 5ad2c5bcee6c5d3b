using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Shadowing;

/// <summary>What a server wrote to the prediction log.</summary>
internal static class LoggedPredictions
{
    /// <summary>The next so many predictions, in the order of the log.</summary>
    public static async Task<IReadOnlyList<PredictionEvent>> ReadAsync(InferenceServer server, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var consumer = server.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Predictions, "test");
        var predictions = new List<PredictionEvent>();
        while (predictions.Count < count)
        {
            predictions.AddRange((await consumer.ReadAsync(100, deadline.Token)).Select(stored => JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.PredictionEvent)!));
        }

        return predictions;
    }
}
