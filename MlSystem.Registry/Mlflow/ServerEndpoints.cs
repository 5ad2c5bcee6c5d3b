using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Registry.Mlflow;

/// <summary>What MLflow's clients ask of the server itself, and clear refusals of the parts of MLflow that are not here.</summary>
internal static class ServerEndpoints
{
    /// <summary>The MLflow release whose REST API is spoken; clients compare it with their own.</summary>
    private const string Version = "3.6.0";

    private static readonly string[] OutOfScope = ["traces", "assessments", "scorers", "datasets", "gateway", "workspaces", "issues", "prompt-optimization"];

    public static void MapServerVersion(this WebApplication app) => app.MapGet("/version", () => TypedResults.Text(Version)).ExcludeFromDescription();

    public static void MapServerInfo(this RouteGroupBuilder mlflow) => mlflow.MapGet("/server-info", Info);

    /// <summary>Tracing, evaluation and the AI gateway of MLflow have no place in this registry.</summary>
    public static void MapOutOfScope(this RouteGroupBuilder mlflow)
    {
        foreach (var part in OutOfScope)
        {
            mlflow.Map($"/{part}/{{**rest}}", Refuse);
        }
    }

    private static JsonHttpResult<ServerInfo> Info() => MlflowResults.Ok(new ServerInfo("SqlStore", WorkspacesEnabled: false));

    private static IResult Refuse(HttpRequest request) =>
        throw MlflowError.NotImplemented($"{request.Path} is not part of this registry: it keeps experiments, runs, logged and registered models, artifacts and webhooks.");
}

/// <summary>What kind of store the server has.</summary>
internal sealed record ServerInfo(string StoreType, bool WorkspacesEnabled);
