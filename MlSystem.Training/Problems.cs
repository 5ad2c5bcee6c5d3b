using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training;

/// <summary>The API's refusals, as problem details.</summary>
internal static class Problems
{
    public static ProblemHttpResult Invalid(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status400BadRequest);

    public static ProblemHttpResult Conflict(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status409Conflict);

    public static ProblemHttpResult NoRun(string id) => TypedResults.Problem($"There is no run '{id}'.", statusCode: StatusCodes.Status404NotFound);

    public static ProblemHttpResult NoVersion(string pipeline, int version) =>
        TypedResults.Problem($"There is no version {version} of pipeline '{pipeline}'.", statusCode: StatusCodes.Status404NotFound);

    /// <summary>Every error of a document, with its path.</summary>
    public static ProblemHttpResult Invalid(string detail, IReadOnlyList<DefinitionError> errors) => TypedResults.Problem(
        detail,
        statusCode: StatusCodes.Status422UnprocessableEntity,
        extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["errors"] = errors });

    public static async Task<ProblemHttpResult> NoPipelineAsync(PipelineStore pipelines, string name, CancellationToken cancellationToken)
    {
        var known = await pipelines.NamesAsync(cancellationToken);
        return TypedResults.Problem(
            known.Count == 0 ? $"There is no pipeline '{name}'; none is defined yet." : $"There is no pipeline '{name}'; there are {string.Join(", ", known)}.",
            statusCode: StatusCodes.Status404NotFound);
    }
}
