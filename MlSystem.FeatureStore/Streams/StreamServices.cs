using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Streams.Storage;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Streams;

/// <summary>What the computations of all views share.</summary>
public sealed record StreamServices(
    IEventLog Log, CatalogStore Catalog, OnlineStore Online, OfflineStore Offline, StreamDatabase Database, StreamGenerations Generations, StreamRemovals Removals,
    FeatureStoreMetrics StoreMetrics, StreamMetrics Metrics, IOptions<StreamOptions> Options, IOptions<FeatureStoreOptions> StoreOptions, TimeProvider Time, ILogger<StreamServices> Logger)
{
    internal long NowUs => UnixTime.Microseconds(Time.GetUtcNow());
}

/// <summary>Registers streaming aggregates.</summary>
public static class StreamRegistration
{
    public static WebApplicationBuilder AddStreams(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<StreamOptions>().BindConfiguration(StreamOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<StreamDatabase>();
        builder.Services.AddSingleton<IStartupTask>(services => services.GetRequiredService<StreamDatabase>());
        builder.Services.AddSingleton<StreamGenerations>();
        builder.Services.AddSingleton<StreamRemovals>();
        builder.Services.AddSingleton<StreamMetrics>();
        builder.Services.AddSingleton<StreamServices>();
        builder.Services.AddSingleton<StreamViews>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StreamViews>());
        return builder;
    }
}
