using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.ServiceDefaults;

/// <summary>What every service has in common: addresses, telemetry, health, errors, resilience.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Adds the common parts to a service.</summary>
    /// <param name="service">One of <see cref="ServiceAddress.Services"/>.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new DataDirectory(builder.Configuration, service));
        builder.Services.AddSingleton<StartupRunner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StartupRunner>());
        builder.Services.AddProblemDetails();
        builder.Services.AddOpenApi();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (string.IsNullOrEmpty(builder.Configuration["urls"]) && string.IsNullOrEmpty(builder.Configuration["http_ports"]))
            {
                kestrel.Listen(IPAddress.Loopback, ServiceAddress.StandaloneHttpPort(service));
                if (ServiceAddress.StandaloneGrpcPort(service) is { } port)
                {
                    kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2);
                }
            }
        });
        return builder;
    }

    /// <summary>Maps the common endpoints and the error form.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapOpenApi("/openapi/v1.json");
        app.MapGet("/alive", () => Results.Ok());
        app.MapGet("/health", (StartupRunner startup) => startup.Pending is null ? Results.Ok() : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        return app;
    }
}
