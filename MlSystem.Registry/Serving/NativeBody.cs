using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MlSystem.Registry.Serving;

/// <summary>JSON bodies of the native API; a malformed one becomes a problem document that says where.</summary>
internal static class NativeBody
{
    /// <summary>The body, of which nothing is needed; an empty one is an empty object.</summary>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class, new()
    {
        using var reader = new StreamReader(request.Body);
        var text = await reader.ReadToEndAsync(cancellationToken);
        try
        {
            return text.Length == 0 ? new() : JsonSerializer.Deserialize(text, type) ?? new();
        }
        catch (JsonException error)
        {
            throw Refused.BadRequest($"The body is not valid: {error.Message}");
        }
    }

    /// <summary>The body; an absent one is an empty object.</summary>
    public static async Task<T> ReadAsync<T>(HttpRequest request)
        where T : class, new()
    {
        if (request.ContentLength == 0)
        {
            return new();
        }

        try
        {
            var type = (JsonTypeInfo<T>)ServingJson.Default.GetTypeInfo(typeof(T))!;
            return await JsonSerializer.DeserializeAsync(request.Body, type, request.HttpContext.RequestAborted) ?? new();
        }
        catch (JsonException) when (request.ContentLength is null && request.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>()?.CanHaveBody == false)
        {
            return new();
        }
        catch (JsonException error)
        {
            throw Refused.BadRequest($"The body is not valid: {error.Message}");
        }
    }
}
