namespace MlSystem.Gateway.Routing;

/// <summary>How a route's traffic flows.</summary>
internal enum Traffic
{
    /// <summary>HTTP/1.1 request and answer.</summary>
    Http,

    /// <summary>HTTP/1.1 with a long-lived answer (server-sent events).</summary>
    Stream,

    /// <summary>HTTP/1.1 with bodies of any size; the service has its own limit.</summary>
    Upload,

    /// <summary>HTTP/2.</summary>
    Grpc,
}

/// <summary>One path of the door.</summary>
/// <param name="Rewrite">The path at the service, when it is another.</param>
internal sealed record Route(string Path, string Service, Traffic Traffic = Traffic.Http, string? Rewrite = null);

/// <summary>Which service answers which path. More literal segments win over fewer.</summary>
internal static class Routes
{
    /// <summary>The services behind the door.</summary>
    public static IReadOnlyList<string> Services { get; } = ["inference", "registry", "features", "training", "monitor"];

    /// <summary>All of the Open Inference Protocol over HTTP.</summary>
    public const string Inference = "/v2/{**rest}";

    /// <summary>All of the Open Inference Protocol over gRPC.</summary>
    public const string InferenceGrpc = "/inference.{service}/{method}";

    public static IReadOnlyList<Route> All { get; } =
    [
        .. To("inference", Inference),
        .. To("registry", "/version", "/api/2.0/mlflow/{**rest}", "/api/3.0/mlflow/{**rest}", "/ajax-api/{**rest}"),
        .. To(
            "registry",
            "/api/models/{**rest}", "/api/endpoints/{**rest}", "/api/promotions/{**rest}", "/api/audit/{**rest}", "/api/webhooks/{**rest}", "/api/signing-keys",
            "/api/purge", "/api/data-subjects/{**rest}", "/api/artifacts/{**rest}"),
        new("/api/2.0/mlflow-artifacts/{**rest}", "registry", Traffic.Upload),
        .. To(
            "monitor",
            "/api/endpoints/{endpoint}/drift/{**rest}", "/api/endpoints/{endpoint}/performance/{**rest}", "/api/endpoints/{endpoint}/report/{**rest}",
            "/api/endpoints/{endpoint}/predictions/{**rest}",
            "/api/monitors/{**rest}", "/api/alerts/{**rest}", "/api/rollouts/{**rest}"),
        .. To("training", "/api/pipelines/{**rest}", "/api/runs/{**rest}", "/api/learners/{**rest}", "/api/labels/{**rest}", "/api/samples/{**rest}", "/api/trainers"),
        new("/api/runs/{run}/events", "training", Traffic.Stream),
        .. To(
            "features",
            "/get-online-features", "/push", "/write-to-online-store", "/materialize", "/materialize-incremental",
            "/api/apply", "/api/sources/{**rest}", "/api/feature-views/{**rest}", "/api/stream-feature-views/{**rest}", "/api/on-demand-feature-views/{**rest}", "/api/feature-services/{**rest}", "/api/entities/{**rest}", "/api/materializations/{**rest}", "/api/consistency/{**rest}", "/api/erasures/{**rest}"),
        new("/api/materializations/{id}/events", "features", Traffic.Stream),
        new("/api/feature-views/{view}/rows", "features", Traffic.Upload),
        new("/api/historical-features/{**rest}", "features", Traffic.Upload),
        new(InferenceGrpc, "inference", Traffic.Grpc),
        new("/mlsystem.inference.{service}/{method}", "inference", Traffic.Grpc),
        new("/grpc.health.{service}/{method}", "inference", Traffic.Grpc),
        new("/grpc.reflection.{service}/{method}", "inference", Traffic.Grpc),
        new("/mlsystem.features.{service}/{method}", "features", Traffic.Grpc),
        .. Services.Select(service => new Route($"/openapi/{service}.json", service, Rewrite: "/openapi/v1.json")),
        .. Services.Select(service => new Route($"/api/status/{service}", service, Rewrite: "/health")),
    ];

    private static IEnumerable<Route> To(string service, params string[] paths) => paths.Select(path => new Route(path, service));
}
