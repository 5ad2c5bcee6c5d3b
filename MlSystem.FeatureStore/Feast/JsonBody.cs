using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace MlSystem.FeatureStore.Feast;

/// <summary>Bodies that are read member by member, so that every mistake can be told.</summary>
public static class JsonBody
{
    /// <exception cref="JsonException">The body is not JSON, or no object.</exception>
    /// <exception cref="BadHttpRequestException">The body is too large.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var limit = http.RequestServices.GetRequiredService<IOptions<FeatureStoreOptions>>().Value.MaxJsonBytes;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        if (http.Request.ContentLength > limit)
        {
            throw new BadHttpRequestException($"The body has {http.Request.ContentLength} bytes; allowed are {limit}.", StatusCodes.Status413PayloadTooLarge);
        }

        return Checked(await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: cancellationToken));
    }

    /// <summary>Parses a body that is here as a whole; it is not used afterwards.</summary>
    /// <exception cref="JsonException">The body is not JSON, or no object.</exception>
    public static JsonDocument Parse(ReadOnlySequence<byte> body) => Checked(JsonDocument.Parse(body.ToArray()));

    private static JsonDocument Checked(JsonDocument document)
    {
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        throw new JsonException("An object is required.");
    }

    /// <summary>A text member, or null with an entry in <paramref name="issues"/>.</summary>
    public static string? Text(JsonElement body, string name, List<FeastIssue> issues, bool required = true, string? fallback = null)
    {
        if (body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        if (value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            issues.Add(FeastIssue.At("string_type", "Input should be a valid string", name));
        }
        else if (required)
        {
            issues.Add(FeastIssue.At("missing", "Field required", name));
        }

        return fallback;
    }

    /// <summary>An object member, or nothing with an entry in <paramref name="issues"/>.</summary>
    public static JsonElement? Object(JsonElement body, string name, List<FeastIssue> issues)
    {
        if (body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object)
        {
            return value;
        }

        issues.Add(value.ValueKind == JsonValueKind.Undefined
            ? FeastIssue.At("missing", "Field required", name)
            : FeastIssue.At("dict_type", "Input should be a valid dictionary", name));
        return null;
    }

    public static void ThrowIfAny(List<FeastIssue> issues)
    {
        if (issues.Count > 0)
        {
            throw new FeastException(issues);
        }
    }
}
