using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Health;

/// <summary><c>/alive</c> and <c>/health</c>, in every environment and for everybody: orchestrators have no key.</summary>
internal static class HealthEndpoints
{
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks();
        services.AddSingleton<HealthReports>();
        services.AddOptions<HealthCheckServiceOptions>().PostConfigure<IOptions<ServiceOptions>>((checks, options) =>
        {
            foreach (var check in checks.Registrations.Where(check => check.Timeout == Timeout.InfiniteTimeSpan))
            {
                check.Timeout = TimeSpan.FromSeconds(options.Value.HealthCheckTimeoutSeconds);
            }
        });
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/alive", Alive).AllowAnonymous().ExcludeFromDescription().DisableHttpMetrics();
        app.MapGet("/health", HealthAsync).AllowAnonymous().ExcludeFromDescription().DisableHttpMetrics();
    }

    private static JsonHttpResult<AliveBody> Alive(ServiceInfo info, IOptions<ServiceOptions> options) => TypedResults.Json(
        new AliveBody
        {
            Status = "alive",
            Service = info.Name,
            Version = info.Version,
            StartedAt = info.StartedAt,
            Restarts = options.Value.Restarts,
            Pid = Environment.ProcessId,
        },
        HealthJson.Default.AliveBody);

    private static async Task<JsonHttpResult<HealthBody>> HealthAsync(HealthReports reports, HttpContext context)
    {
        var body = await reports.GetAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(body, HealthJson.Default.HealthBody, statusCode: body.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
