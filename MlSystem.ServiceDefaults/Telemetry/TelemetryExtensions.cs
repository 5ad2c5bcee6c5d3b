using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.ServiceDefaults.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MlSystem.ServiceDefaults.Telemetry;

/// <summary>Traces, metrics and logs. A slice's own meters and sources are picked up when their name begins with <c>MlSystem.</c>.</summary>
internal static class TelemetryExtensions
{
    private const string Ours = "MlSystem.*";

    public static WebApplicationBuilder AddTelemetry(this WebApplicationBuilder builder, ServiceInfo info)
    {
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService(info.Name, "mlsystem", info.Version)
                // The standard variables (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) have the last word.
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation()
                .AddMeter(Ours, "Polly", "Npgsql")
                // Each changes several times a request, which costs more than the request's duration that says it all.
                .AddView("http.client.open_connections", MetricStreamConfiguration.Drop)
                .AddView("http.client.active_requests", MetricStreamConfiguration.Drop)
                .AddView("http.client.request.time_in_queue", MetricStreamConfiguration.Drop)
                // Up and down for each HTTP/2 stream, by all threads at once: 5 % of a small gRPC prediction.
                .AddView("kestrel.queued_requests", MetricStreamConfiguration.Drop)
                // Names stay as the instruments have them: existing dashboards ask for Triton's, which lack the suffix.
                .AddPrometheusExporter(options => options.DisableTotalNameSuffixForCounters = true));
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            // Nobody would read the spans; the caller's trace context is passed on all the same. With its log on, at whatever level, the
            // host makes an activity and a scope for each request, which costs more than running a small model.
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
            return builder;
        }

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeScopes = true;
            logging.IncludeFormattedMessage = true;
        });
        telemetry
            .WithTracing(tracing => tracing
                .AddSource(Ours, "Npgsql")
                .AddAspNetCoreInstrumentation(options => options.Filter = IsWorthATrace)
                .AddHttpClientInstrumentation())
            .UseOtlpExporter();
        return builder;
    }

    /// <summary>Probes and scrapes would drown the traces of real requests.</summary>
    internal static bool IsWorthATrace(HttpContext context) => context.Request.Path.Value is not ("/alive" or "/health" or "/metrics");
}
