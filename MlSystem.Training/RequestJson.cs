using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Training;

/// <summary>Reads request bodies whose errors this API explains itself.</summary>
internal static class RequestJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Any JSON document, or the reason why it is none.</summary>
    public static async Task<(JsonElement Document, ProblemHttpResult? Problem)> ReadDocumentAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, Strict, cancellationToken);
            return (document.RootElement.Clone(), null);
        }
        catch (JsonException error)
        {
            return (default, Problems.Invalid($"The body is not JSON: {error.Message}"));
        }
    }

    /// <summary>A value, null when the body is empty, or the reason why it is neither.</summary>
    public static async Task<(T? Value, ProblemHttpResult? Problem)> ReadOptionalAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        try
        {
            return (body.Length == 0 ? null : JsonSerializer.Deserialize(body.ToArray(), type), null);
        }
        catch (JsonException error)
        {
            return (null, Problems.Invalid($"The body is not what is expected here: {error.Message}"));
        }
    }
}
