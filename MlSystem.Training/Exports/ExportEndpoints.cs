using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Exports;

/// <summary>Pipelines as files for other orchestrators.</summary>
public static class ExportEndpoints
{
    private const string Kubeflow = "kfp";
    private const string Airflow = "airflow";

    public static IEndpointRouteBuilder MapExports(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/pipelines/{pipeline}/export", ExportAsync).WithTags("Pipelines")
            .Produces<string>(StatusCodes.Status200OK, "application/yaml", "text/x-python");
        return routes;
    }

    /// <summary>A version of a pipeline, by default the newest, as <c>kfp</c> (Kubeflow Pipelines v2 IR YAML) or <c>airflow</c> (a DAG file).</summary>
    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> ExportAsync(
        string pipeline, PipelineStore pipelines, ExportPlanner planner, CancellationToken cancellationToken,
        string? format = null, int? version = null, string? image = null, string? volume_claim = null, string? data_directory = null)
    {
        if (format is not (Kubeflow or Airflow))
        {
            return Problems.Invalid($"format must be {Kubeflow} or {Airflow}{(format is null ? "" : $", not '{format}'")}.");
        }

        if (await pipelines.FindAsync(pipeline, version, cancellationToken) is not { } found)
        {
            return version is null ? await Problems.NoPipelineAsync(pipelines, pipeline, cancellationToken) : Problems.NoVersion(pipeline, version.Value);
        }

        try
        {
            var plan = planner.Plan(found, new ExportRequest(Given(image), Given(volume_claim), Given(data_directory)));
            return format == Kubeflow
                ? File(KubeflowFile.Write(plan), "application/yaml", $"{found.Name}.yaml")
                : File(AirflowFile.Write(plan), "text/x-python", $"{found.Name}.py");
        }
        catch (ExportException error)
        {
            return Problems.Invalid(error.Message);
        }
    }

    private static FileContentHttpResult File(string text, string type, string name) => TypedResults.File(Encoding.UTF8.GetBytes(text), $"{type}; charset=utf-8", name);

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
