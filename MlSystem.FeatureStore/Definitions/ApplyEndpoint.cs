using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions.Breaking;
using MlSystem.FeatureStore.Definitions.Documents;

namespace MlSystem.FeatureStore.Definitions;

/// <summary><c>POST /api/apply</c>: definitions as JSON or YAML.</summary>
public static class ApplyEndpoint
{
    private static readonly string[] JsonTypes = ["application/json", "text/json"];
    private static readonly string[] YamlTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

    public static void MapApply(this RouteGroupBuilder api) => api.MapPost("/apply", ApplyAsync)
        .Accepts<DefinitionSet>(JsonTypes[0], [.. JsonTypes[1..], .. YamlTypes, "*/*"]) // the handler itself tells what is allowed
        .Produces<ApplyResult>().ProducesValidationProblem().ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .WithSummary("Creates, changes or deletes definitions, all or nothing; plan_only=true only tells what would change, prune=true deletes what is left out, force=true also breaks what live endpoints read.");

    private static async Task<IResult> ApplyAsync(
        HttpContext http, CatalogStore catalog, IOptions<FeatureStoreOptions> options, CancellationToken cancellationToken,
        bool plan_only = false, bool prune = false, bool force = false)
    {
        if (FormatOf(http.Request.ContentType) is not { } format)
        {
            return TypedResults.Problem($"Content type '{http.Request.ContentType}' is not known; allowed: {string.Join(", ", JsonTypes.Concat(YamlTypes))}.", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        DefinitionDocument? document = null;
        try
        {
            document = DefinitionDocument.Read(await BodyAsync(http, options.Value.MaxJsonBytes, cancellationToken), format);
            var result = await catalog.ApplyAsync(document.Set, http.User.Identity?.Name ?? "anonymous", new ApplyOptions(plan_only, prune, force), cancellationToken);
            return TypedResults.Ok(result);
        }
        catch (InvalidDefinitionsException invalid)
        {
            return Invalid(document?.Locate(invalid) ?? invalid);
        }
        catch (DefinitionsInUseException used)
        {
            return TypedResults.Problem(
                used.Message + " Nothing was applied; force=true applies it all the same.", title: "The definitions are in use.", statusCode: StatusCodes.Status409Conflict,
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["breaks"] = used.Breaks });
        }
        catch (RegistryUnreachableException unreachable)
        {
            http.Response.Headers.RetryAfter = "5";
            return TypedResults.Problem(
                unreachable.Message + " The change breaks feature services, and whether live endpoints read them is not known. Nothing was applied; force=true applies it all the same.",
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static Microsoft.AspNetCore.Http.HttpResults.ValidationProblem Invalid(InvalidDefinitionsException invalid) => TypedResults.ValidationProblem(
        invalid.Errors.GroupBy(error => error.Path, error => error.Message, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Distinct(StringComparer.Ordinal).ToArray(), StringComparer.Ordinal),
        detail: "Nothing was applied.", title: invalid.Message);

    /// <summary>Without a content type: JSON.</summary>
    private static DefinitionFormat? FormatOf(string? contentType)
    {
        var type = contentType?.Split(';')[0].Trim();
        return string.IsNullOrEmpty(type) || JsonTypes.Contains(type, StringComparer.OrdinalIgnoreCase) ? DefinitionFormat.Json
            : YamlTypes.Contains(type, StringComparer.OrdinalIgnoreCase) ? DefinitionFormat.Yaml
            : null;
    }

    private static async Task<byte[]> BodyAsync(HttpContext http, int limit, CancellationToken cancellationToken)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        if (http.Request.ContentLength > limit)
        {
            throw new BadHttpRequestException($"The body has {http.Request.ContentLength} bytes; allowed are {limit}.", StatusCodes.Status413PayloadTooLarge);
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, cancellationToken);
        return body.ToArray();
    }
}
