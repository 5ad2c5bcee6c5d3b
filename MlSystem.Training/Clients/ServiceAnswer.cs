using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MlSystem.Training.Steps;
using Polly;

namespace MlSystem.Training.Clients;

/// <summary>Turns another service's answer into a value, a failure that may pass or one that will not.</summary>
internal static class ServiceAnswer
{
    /// <summary>Longest part of an unexpected body that goes into a message, in characters.</summary>
    private const int MaxQuote = 500;

    /// <summary>Sends; answers other than success become exceptions that name the service, the call and its reason.</summary>
    /// <param name="service">For messages.</param>
    /// <param name="accepted">Statuses that are no failure, next to 2xx.</param>
    public static async Task<HttpResponseMessage> SendAsync(
        this HttpClient http, string service, HttpRequestMessage request, CancellationToken cancellationToken, params HttpStatusCode[] accepted)
    {
        var call = $"{service}: {request.Method} {request.RequestUri}";
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException or ExecutionRejectedException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new TransientStepException($"{call}: {error.Message}");
        }

        if (response.IsSuccessStatusCode || accepted.Contains(response.StatusCode))
        {
            return response;
        }

        using (response)
        {
            var message = $"{call} answered {(int)response.StatusCode}: {await ReasonAsync(response, cancellationToken)}";
            throw response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
                ? new TransientStepException(message)
                : new StepFailedException(message);
        }
    }

    public static async Task<T> ReadAsync<T>(this HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        try
        {
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken) ?? throw new StepFailedException($"{response.RequestMessage?.RequestUri} answered null.");
        }
        catch (JsonException error)
        {
            throw new StepFailedException($"{response.RequestMessage?.RequestUri} answered something else than expected: {error.Message}");
        }
    }

    /// <summary>The message of whichever error form the service has, else the body's beginning.</summary>
    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        var quote = body.Length > MaxQuote ? body[..MaxQuote] + "…" : body;
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object && !json.RootElement.TryGetProperty("errors", out _)
                && new[] { "message", "detail", "title" }.Select(key => Text(json.RootElement, key)).FirstOrDefault(text => text is not null) is { } reason
                ? reason
                : quote;
        }
        catch (JsonException)
        {
            return quote;
        }
    }

    private static string? Text(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
