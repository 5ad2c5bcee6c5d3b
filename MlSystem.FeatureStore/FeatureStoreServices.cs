using MlSystem.FeatureStore.Consistency;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Breaking;
using MlSystem.FeatureStore.Definitions.Folder;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Ingestion.Sources;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Materialization;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;
using MlSystem.FeatureStore.Offline.Statistics;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Online.Recovery;
using MlSystem.FeatureStore.Online.Retention;
using MlSystem.FeatureStore.PointInTime;
using MlSystem.FeatureStore.PointInTime.Entities;
using MlSystem.FeatureStore.Secrets;
using MlSystem.FeatureStore.Statistics;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore;

/// <summary>Registers the capabilities of the feature store.</summary>
public static class FeatureStoreServices
{
    private static readonly string[] FeastPaths = ["/push", "/write-to-online-store", "/get-online-features", "/materialize", "/materialize-incremental"];

    public static WebApplicationBuilder AddDefinitions(this WebApplicationBuilder builder)
    {
        builder.AddDatabase<FeatureStoreContext, SqliteFeatureStoreContext, PostgresFeatureStoreContext>();
        builder.Services.AddOptions<FeatureStoreOptions>().BindConfiguration(FeatureStoreOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, DefinitionsJson.Default));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, PartitionJson.Default));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, CompactionJson.Default));
        builder.Services.AddSingleton<FeatureStoreMetrics>();
        foreach (var path in FeastPaths)
        {
            builder.Services.AddErrorForm(path, (json, error) => json.WriteString("detail", error.Message));
        }

        builder.AddServiceClient<RegistryClient>("registry");
        builder.Services.AddSingleton<LiveUse>();
        builder.Services.AddSingleton<SaltedHash>();
        builder.Services.AddSingleton<IStartupTask>(services => services.GetRequiredService<SaltedHash>());

        builder.Services.AddSingleton<Tombstones>();
        builder.Services.AddSingleton<IStartupTask>(services => services.GetRequiredService<Tombstones>());

        // Before the catalog, which the background loops wait for.
        builder.Services.AddSingleton<IStartupTask, OfflineAdoption>();
        builder.Services.AddSingleton<CatalogStore>();
        builder.Services.AddSingleton<IStartupTask>(services => services.GetRequiredService<CatalogStore>());
        builder.Services.AddHostedService<CatalogRefresher>();
        builder.Services.AddOptions<DefinitionFolderOptions>().BindConfiguration(DefinitionFolderOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<DefinitionFolder>();
        builder.Services.AddSingleton<IStartupTask>(services => services.GetRequiredService<DefinitionFolder>());
        builder.Services.AddHostedService(services => services.GetRequiredService<DefinitionFolder>());
        builder.Services.AddHealthChecks().AddCheck<DefinitionFolderHealthCheck>("definitions_folder");
        return builder;
    }

    public static WebApplicationBuilder AddIngestion(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Spool>();
        builder.Services.AddSingleton<RowClock>();
        builder.Services.AddSingleton<RowIngestion>();
        builder.Services.AddSingleton<CsvUpload>();
        builder.Services.AddSingleton<SourceConnections>();
        builder.Services.AddSingleton<SourceUpload>();
        builder.Services.AddHostedService<TopicSources>();
        return builder;
    }

    public static WebApplicationBuilder AddOfflineStore(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<OfflineFiles>();
        builder.Services.AddSingleton<OfflineLeases>();
        builder.Services.AddSingleton<OfflineManifest>();
        builder.Services.AddSingleton<OfflineStore>();
        builder.Services.AddSingleton<OfflineProgress>();
        builder.Services.AddHostedService<OfflineWriter>();
        builder.Services.AddSingleton<Compactor>();
        builder.Services.AddSingleton<OfflineCleaner>();
        builder.Services.AddHostedService<CompactionService>();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ViewStatisticsJson.Default));
        builder.Services.AddSingleton<StatisticsReader>();
        builder.Services.AddSingleton<LatestRows>();
        builder.Services.AddSingleton<LabelSources>();
        builder.Services.AddSingleton<HistoricalReader>();
        return builder;
    }

    public static WebApplicationBuilder AddJobs(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, MaterializationJson.Default));
        builder.Services.AddSingleton<JobSignal>();
        builder.Services.AddSingleton<JobStore>();
        builder.Services.AddSingleton<MaterializationWindows>();
        builder.Services.AddSingleton<MaterializationJobs>();
        builder.Services.AddSingleton<RuleGate>();
        builder.Services.AddSingleton<IJobHandler, Materializer>();
        builder.Services.AddHostedService<MaterializationScheduler>();
        builder.Services.AddHostedService<JobRunner>();
        return builder;
    }

    public static WebApplicationBuilder AddErasure(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ErasureOptions>().BindConfiguration(ErasureOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ErasureJson.Default));
        builder.Services.AddHostedService(services => services.GetRequiredService<Tombstones>());
        builder.Services.AddSingleton<ErasedReads>();
        builder.Services.AddSingleton<OnlineEraser>();
        builder.Services.AddSingleton<OfflineEraser>();
        builder.Services.AddSingleton<IJobHandler, Eraser>();
        return builder;
    }

    public static WebApplicationBuilder AddConsistency(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ConsistencyOptions>().BindConfiguration(ConsistencyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ConsistencyJson.Default));
        builder.Services.AddSingleton<ReadLog>();
        builder.Services.AddSingleton<ReadLogFiles>();
        builder.Services.AddHostedService<ReadLogWriter>();
        builder.Services.AddSingleton<IJobHandler, ConsistencyReplay>();
        builder.Services.AddHostedService<FreshnessWatch>();
        return builder;
    }

    public static WebApplicationBuilder AddOnlineStore(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<OnlineState>();
        builder.Services.AddSingleton<OnlineConnection>();
        builder.Services.AddSingleton<RowLife>();
        builder.Services.AddSingleton<OnlineStore>();
        builder.Services.AddSingleton<RowScan>();
        builder.Services.AddSingleton<OnlineSweep>();
        builder.Services.AddHostedService<OnlineSweeper>();
        builder.Services.AddSingleton<OnlineReader>();
        builder.Services.AddSingleton<OnlinePlans>();
        builder.Services.AddSingleton<PlainOnlineRequest>();
        builder.Services.AddSingleton<OnlineRequests>();
        builder.Services.AddSingleton<IStartupFilter, OnlineFirst>();
        builder.Services.AddSingleton<OnlineRecovery>();
        builder.Services.AddSingleton<OnlineKeeper>();
        builder.Services.AddSingleton<IStartupTask>(services => services.GetRequiredService<OnlineKeeper>());
        builder.Services.AddHostedService(services => services.GetRequiredService<OnlineKeeper>());
        builder.Services.AddHostedService<OnlineConsumer>();
        builder.Services.AddHealthChecks().AddCheck<OnlineHealthCheck>("online_store");
        builder.Services.AddGrpc();
        builder.Services.AddGrpcReflection();
        return builder;
    }
}
