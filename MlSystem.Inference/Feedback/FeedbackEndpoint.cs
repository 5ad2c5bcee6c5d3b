using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Contracts;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Protocols.Rest;
using MlSystem.Inference.Routing;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Feedback;

/// <summary><c>POST /v2/models/{m}/feedback</c>: what turned out to be true. Acknowledged when the event log has it durably.</summary>
public static class FeedbackEndpoint
{
    private const int MaxBytes = 4 << 20;

    /// <summary>Takes one object or an array of them; one wrong item refuses all, and every error is told.</summary>
    public static async Task<JsonHttpResult<FeedbackAccepted>> HandleAsync(
        string model, HttpContext context, ServingState state, VariantStates variants, IEventLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!state.Table.Endpoints.TryGetValue(model, out var route))
        {
            throw state.IsInitialized
                ? new InferenceException(FaultKind.NotFound, $"there is no endpoint '{model}'")
                : InferenceException.Unavailable("the server is starting: it does not know its endpoints yet");
        }

        IReadOnlyList<FeedbackEvent> events;
        using (var body = await RequestBody.ReadAsync(context.Request, MaxBytes, cancellationToken))
        {
            events = FeedbackParser.Parse(body.Content, model, time.GetUtcNow(), isBandit: route.Wanted.Policy.Kind == PolicyKind.Bandit);
        }

        try
        {
            await log.AppendAsync(Topics.Feedback, [.. events.Select(feedback => ToLogEvent(WithVariant(feedback, variants)))], cancellationToken);
        }
        catch (EventTooLargeException error)
        {
            throw new InferenceException(FaultKind.TooLarge, error.Message, error);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw InferenceException.Unavailable($"the feedback could not be stored: {error.Message}", error);
        }

        return TypedResults.Json(
            new FeedbackAccepted([.. events.Select(feedback => feedback.FeedbackId)]), FeedbackJson.Default.FeedbackAccepted, "application/json", StatusCodes.Status202Accepted);
    }

    private static FeedbackEvent WithVariant(FeedbackEvent feedback, VariantStates variants) =>
        Guid.TryParse(feedback.RequestId, out var id) && variants.Of(feedback.Endpoint, id) is { } variant
            ? feedback with { Variant = variant.Name, Version = variant.Version }
            : feedback;

    private static LogEvent ToLogEvent(FeedbackEvent feedback) => CloudEvents.Create(
        feedback.RequestId,
        feedback.FeedbackId,
        EventTypes.Feedback,
        PredictionLogger.EventSource,
        feedback.Time,
        JsonSerializer.SerializeToUtf8Bytes(feedback, ContractsJson.Default.FeedbackEvent));
}

/// <summary>The ids of the stored feedback, in the order of the request.</summary>
public sealed record FeedbackAccepted(IReadOnlyList<string> Ids);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FeedbackAccepted))]
internal sealed partial class FeedbackJson : JsonSerializerContext;
