using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training;

/// <summary>Reads request bodies whose errors this API explains itself.</summary>
internal static class RequestJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Any JSON document, or YAML where the content type says so, or the reason why it is none.</summary>
    public static async Task<(JsonElement Document, ProblemHttpResult? Problem)> ReadDocumentAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var isYaml = request.ContentType?.Contains("yaml", StringComparison.OrdinalIgnoreCase) == true;
        try
        {
            if (isYaml)
            {
                using var reader = new StreamReader(request.Body);
                return (YamlDocument.Read(new StringReader(await reader.ReadToEndAsync(cancellationToken))), null);
            }

            using var document = await JsonDocument.ParseAsync(request.Body, Strict, cancellationToken);
            return (document.RootElement.Clone(), null);
        }
        catch (JsonException error)
        {
            return (default, Problems.Invalid($"The body is not {(isYaml ? "YAML" : "JSON")}: {error.Message}"));
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
