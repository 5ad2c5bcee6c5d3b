using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Gateway.Status;

/// <summary>The state of the whole system: a page for people at <c>/</c>, the same as JSON at <c>/api/status</c>.</summary>
internal static class StatusEndpoints
{
    /// <summary>The page needs nothing from elsewhere, and nothing from elsewhere may get in.</summary>
    private const string ContentPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

    public static WebApplicationBuilder AddStatus(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<StatusReader>();
        builder.Services.AddHttpClient(StatusReader.Client, client => client.Timeout = TimeSpan.FromSeconds(1.5))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1) });
        builder.Services.AddHealthChecks().AddCheck<ServicesHealthCheck>("services");
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, StatusJson.Default));
        return builder;
    }

    public static void MapStatus(this WebApplication app)
    {
        app.MapGet("/", PageAsync).ExcludeFromDescription();
        app.MapGet("/api/status", StatusAsync).WithSummary("State, version and restarts of every service").WithName("GetStatus");
    }

    private static async Task<Ok<StatusBody>> StatusAsync(StatusReader reader, HttpResponse response, CancellationToken cancellationToken)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await reader.ReadAsync(cancellationToken));
    }

    private static async Task<ContentHttpResult> PageAsync(StatusReader reader, HttpResponse response, CancellationToken cancellationToken)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = ContentPolicy;
        response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Content(StatusPage.Render(await reader.ReadAsync(cancellationToken)), "text/html; charset=utf-8");
    }
}
