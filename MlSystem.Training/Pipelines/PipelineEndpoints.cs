using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Training.Pipelines;

/// <summary>Pipelines over HTTP.</summary>
public static class PipelineEndpoints
{
    public static IEndpointRouteBuilder MapPipelines(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/pipelines").WithTags("Pipelines");
        api.MapGet("/", ListAsync);
        api.MapPost("/", CreateAsync).Accepts<PipelineDefinition>("application/json", "application/yaml");
        api.MapGet("/{pipeline}", GetAsync);
        api.MapPut("/{pipeline}", PutAsync).Accepts<PipelineDefinition>("application/json", "application/yaml");
        return routes;
    }

    private static async Task<Ok<PipelineList>> ListAsync(PipelineStore pipelines, CancellationToken cancellationToken) =>
        TypedResults.Ok(new PipelineList(await pipelines.AllAsync(cancellationToken)));

    private static async Task<Results<Ok<PipelineView>, ProblemHttpResult>> GetAsync(
        string pipeline, PipelineStore pipelines, CancellationToken cancellationToken, int? version = null)
    {
        if (await pipelines.FindAsync(pipeline, version, cancellationToken) is { } found)
        {
            return TypedResults.Ok(found);
        }

        return version is not null && await pipelines.FindAsync(pipeline, version: null, cancellationToken) is { } newest
            ? TypedResults.Problem($"Pipeline '{pipeline}' has no version {version}; the newest is {newest.Version}.", statusCode: StatusCodes.Status404NotFound)
            : await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken);
    }

    /// <summary>Defines a new pipeline; 409 when there is one of that name.</summary>
    private static async Task<Results<Ok<PipelineView>, Created<PipelineView>, ProblemHttpResult>> CreateAsync(
        HttpContext http, PipelineStore pipelines, CancellationToken cancellationToken)
    {
        var (definition, problem) = await ReadAsync(http, name: null, cancellationToken);
        if (definition is null)
        {
            return problem!;
        }

        return await pipelines.FindAsync(definition.Name, version: null, cancellationToken) is { } found
            ? Problems.Conflict($"There is a pipeline '{found.Name}' already; change it with PUT /api/pipelines/{found.Name}.")
            : await StoreAsync(definition, http, pipelines, cancellationToken);
    }

    /// <summary>Defines a pipeline or its next version; the same definition again changes nothing.</summary>
    private static async Task<Results<Ok<PipelineView>, Created<PipelineView>, ProblemHttpResult>> PutAsync(
        string pipeline, HttpContext http, PipelineStore pipelines, CancellationToken cancellationToken)
    {
        var (definition, problem) = await ReadAsync(http, pipeline, cancellationToken);
        return definition is null ? problem! : await StoreAsync(definition, http, pipelines, cancellationToken);
    }

    private static async Task<Results<Ok<PipelineView>, Created<PipelineView>, ProblemHttpResult>> StoreAsync(
        PipelineDefinition definition, HttpContext http, PipelineStore pipelines, CancellationToken cancellationToken)
    {
        var (stored, isNew) = await pipelines.PutAsync(definition, http.User.Identity?.Name ?? "anonymous", cancellationToken);
        return isNew ? TypedResults.Created($"/api/pipelines/{stored.Name}?version={stored.Version}", stored) : TypedResults.Ok(stored);
    }

    private static async Task<(PipelineDefinition? Definition, ProblemHttpResult? Problem)> ReadAsync(
        HttpContext http, string? name, CancellationToken cancellationToken)
    {
        var (document, problem) = await RequestJson.ReadDocumentAsync(http.Request, cancellationToken);
        if (problem is not null)
        {
            return (null, problem);
        }

        var (definition, errors) = PipelineReader.Read(document, name, http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
        return definition is null ? (null, Problems.Invalid("The pipeline was not stored: its definition has errors.", errors)) : (definition, null);
    }
}
