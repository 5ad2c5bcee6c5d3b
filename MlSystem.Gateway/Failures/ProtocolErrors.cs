using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Gateway.Failures;

/// <summary>The error bodies of the protocols behind the door, for what fails at the door itself.</summary>
internal static class ProtocolErrors
{
    private static readonly string[] Mlflow = ["/api/2.0", "/api/3.0", "/ajax-api"];
    private static readonly string[] Feast = ["/get-online-features", "/push", "/write-to-online-store", "/materialize", "/materialize-incremental"];

    public static IServiceCollection AddProtocolErrors(this IServiceCollection services)
    {
        services.AddErrorForm("/v2", static (json, error) => json.WriteString("error", error.Message));
        foreach (var path in Mlflow)
        {
            services.AddErrorForm(path, static (json, error) =>
            {
                json.WriteString("error_code", MlflowCode(error.Status));
                json.WriteString("message", error.Message);
            });
        }

        foreach (var path in Feast)
        {
            services.AddErrorForm(path, static (json, error) => json.WriteString("detail", error.Message));
        }

        return services;
    }

    private static string MlflowCode(int status) => status switch
    {
        400 or 411 or 413 or 415 => "INVALID_PARAMETER_VALUE",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 or 405 => "ENDPOINT_NOT_FOUND",
        429 => "REQUEST_LIMIT_EXCEEDED",
        502 or 503 or 504 => "TEMPORARILY_UNAVAILABLE",
        _ => "INTERNAL_ERROR",
    };
}
