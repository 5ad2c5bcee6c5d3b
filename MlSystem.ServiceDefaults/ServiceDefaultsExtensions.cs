using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using MlSystem.ServiceDefaults.Authentication;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.Health;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Shutdown;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.ServiceDefaults;

/// <summary>What every service has in common: addresses, telemetry, health, errors, authentication, drain.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Adds the common parts to a service; run it with <see cref="ServiceHost.RunServiceAsync"/>.</summary>
    /// <param name="service">One of <see cref="ServiceAddress.Services"/>.</param>
    /// <param name="replicas">Whether several processes of the service may share one data directory; each then takes the next free folder of its own.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service, bool replicas = false)
    {
        UnhandledFailures.Watch(service);
        ConfigurationFiles.Poll(builder.Configuration);
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = DefaultConfiguration.Values });
        builder.Services.TryAddSingleton(TimeProvider.System);
        var info = ServiceInfo.Of(service, TimeProvider.System);
        builder.Services.AddSingleton(info);
        builder.Services.AddSingleton(services => new DataDirectory(services.GetRequiredService<IConfiguration>(), service, replicas));
        builder.Services.AddOptions<ServiceOptions>().BindConfiguration(ServiceOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddApiKeyAuthentication(builder.Configuration);
        builder.AddTelemetry(info);
        builder.Services.AddHealth();
        builder.Services.AddErrors();
        // Without a server the document's paths are relative: right at the service and at the gateway.
        builder.Services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Servers = [];
            return Task.CompletedTask;
        }));
        builder.Services.AddServiceClients();
        builder.AddListening(service);

        // Hosted services stop in reverse order of registration: drain is told first whatever its place, start-up last.
        builder.Services.AddSingleton<Drain>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Drain>());
        builder.Services.AddSingleton<StartupRunner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StartupRunner>());
        return builder;
    }

    /// <summary>Puts the common middleware in front and maps the common endpoints.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.Use(RequestId.InvokeAsync);
        app.UseExceptionHandler();
        app.UseStatusCodePages(StatusAnswers.WriteAsync);
        app.UseRouting();
        app.Use(BodyLimit.InvokeAsync);
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapOpenApi("/openapi/v1.json");
        var metrics = app.MapPrometheusScrapingEndpoint("/metrics").DisableHttpMetrics();
        if (app.Configuration.GetValue<bool>($"{ServiceOptions.Section}:{nameof(ApiKeyOptions.AnonymousMetrics)}"))
        {
            metrics.AllowAnonymous();
        }

        return app;
    }

    private static void AddListening(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton(services => ServiceBinding.Read(services.GetRequiredService<IConfiguration>(), service));
        ExplicitServer.Wrap(builder.Services);
        // Read by hand: the host asks for it while it is built, before mistakes in the options can be reported properly.
        builder.Services.AddOptions<HostOptions>().Configure<IConfiguration>((host, configuration) =>
        {
            var text = configuration[$"{ServiceOptions.Section}:{nameof(ServiceOptions.ShutdownTimeoutSeconds)}"];
            var seconds = double.TryParse(text, CultureInfo.InvariantCulture, out var given) && given >= 0 ? given : new ServiceOptions().ShutdownTimeoutSeconds;
            host.ShutdownTimeout = TimeSpan.FromSeconds(Math.Min(seconds, ServiceOptions.MaxShutdownTimeoutSeconds));
        });
    }

    private static void AddErrors(this IServiceCollection services)
    {
        services.AddSingleton<ErrorForms>();
        services.AddExceptionHandler<ExceptionAnswers>();
        services.AddProblemDetails(options => options.CustomizeProblemDetails = problem =>
        {
            problem.ProblemDetails.Instance ??= problem.HttpContext.Request.Path;
            problem.ProblemDetails.Extensions.Remove("traceId");
            problem.ProblemDetails.Extensions["request_id"] = problem.HttpContext.TraceIdentifier;
        });
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(options =>
        {
            var json = options.SerializerOptions;
            json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.NumberHandling = JsonNumberHandling.Strict;
            json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.AllowDuplicateProperties = false;
            json.RespectNullableAnnotations = true;
            json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        });
    }
}
