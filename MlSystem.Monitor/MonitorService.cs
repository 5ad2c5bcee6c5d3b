using MlSystem.Monitor.History;
using MlSystem.Monitor.Ingestion;
using MlSystem.Monitor.Performance;
using MlSystem.Monitor.Served;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Monitor;

/// <summary>What Monitor can do, put together.</summary>
internal static class MonitorService
{
    /// <summary>Joining predictions with feedback, the history in Parquet and the counts.</summary>
    public static IServiceCollection AddMonitor(this IServiceCollection services)
    {
        services.AddOptions<HistoryOptions>().BindConfiguration(HistoryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<JoinStore>();
        services.AddHostedService<PredictionHandler>();
        services.AddHostedService<FeedbackHandler>();
        services.AddSingleton(s => new HistoryFolder(Path.Combine(s.GetRequiredService<DataDirectory>().Own, "history"), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<HistoryWriter>();
        services.AddSingleton<HistoryMaintenance>();
        services.AddSingleton<HistoryReader>();
        services.AddHostedService<HistoryService>();
        services.AddSingleton<PerformanceReader>();
        services.AddSingleton<ServedReader>();
        return services;
    }
}
