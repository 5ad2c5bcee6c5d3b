using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.EventLog.Embedded;
using MlSystem.ServiceDefaults.EventLog.Kafka;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>Registers <see cref="IEventLog"/>.</summary>
public static class EventLogExtensions
{
    private const string CheckName = "event log";

    /// <summary>
    /// Registers the event log with options, metrics, a start-up task, a health check and retention: on Kafka where
    /// <c>ConnectionStrings:kafka</c> (bootstrap servers) is present, else in <c>eventlog/</c> under the data directory.
    /// </summary>
    public static IHostApplicationBuilder AddEventLog(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<EventLogOptions>().BindConfiguration(EventLogOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EventLogOptions>, EventLogOptionsValidator>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<EventLogMetrics>();
        builder.Services.TryAddSingleton(services => new EventLogServices(
            services.GetRequiredService<IOptions<EventLogOptions>>().Value,
            services.GetRequiredService<EventLogMetrics>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger("MlSystem.EventLog")));
        builder.Services.TryAddSingleton<EventHandlerContext>();
        if (builder.Configuration.GetConnectionString("kafka") is { Length: > 0 } servers)
        {
            AddKafka(builder.Services, servers);
        }
        else
        {
            AddEmbedded(builder.Services);
        }

        return builder;
    }

    private static void AddKafka(IServiceCollection services, string servers)
    {
        services.AddSingleton(s => new KafkaEventLog(servers, s.GetRequiredService<EventLogServices>()));
        services.AddSingleton<IEventLog>(s => s.GetRequiredService<KafkaEventLog>());
        services.AddSingleton<IStartupTask, ReachKafka>();
        services.AddHealthChecks().AddCheck<KafkaHealthCheck>(CheckName);
    }

    private static void AddEmbedded(IServiceCollection services)
    {
        services.AddSingleton(s => new EmbeddedEventLog(Folder(s), s.GetRequiredService<EventLogServices>()));
        services.AddSingleton<IEventLog>(s => s.GetRequiredService<EmbeddedEventLog>());
        services.AddSingleton<IStartupTask, OpenEmbeddedEventLog>();
        services.AddHostedService<EmbeddedRetention>();
        services.AddHealthChecks().AddCheck<EmbeddedHealthCheck>(CheckName);
    }

    private static string Folder(IServiceProvider services) => Path.Combine(services.GetRequiredService<DataDirectory>().Root, "eventlog");
}
