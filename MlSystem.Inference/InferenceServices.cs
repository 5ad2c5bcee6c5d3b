using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using MlSystem.Features.V1;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Alerts;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Explanations;
using MlSystem.Inference.Features;
using MlSystem.Inference.Graphs;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Repository;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Shadowing;
using MlSystem.Inference.Versions;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Inference;

/// <summary>Registers the parts of the inference engine in the order in which a request and a version meet them.</summary>
public static class InferenceServices
{
    public static WebApplicationBuilder AddInference(this WebApplicationBuilder builder)
    {
        builder.AddOptions<RuntimeOptions>("Inference:Runtime").AddOptions<AdmissionOptions>("Inference:Admission").AddOptions<BatchingOptions>("Inference:Batching")
            .AddOptions<RoutingOptions>("Inference:Routing").AddOptions<PredictionLogOptions>("Inference:PredictionLog")
            .AddOptions<ShadowOptions>("Inference:Shadowing").AddOptions<BanditOptions>("Inference:Bandits")
            .AddOptions<VersionsOptions>("Inference:Versions").AddOptions<FeatureOptions>("Inference:Features");
        builder.Services.AddSingleton<IValidateOptions<VersionsOptions>, TrustedKeysValidator>();
        builder.AddEventLog();
        builder.AddServiceClient<RegistryClient>("registry");
        builder.AddServiceGrpcClient<FeatureStore.FeatureStoreClient>("features");
        var services = builder.Services;
        services.AddSingleton(s => new FeatureClient(s.GetRequiredService<FeatureStore.FeatureStoreClient>()));
        services.AddSingleton<FeatureLookupMetrics>();
        services.AddSingleton<FeatureLookup>();
        services.AddSingleton<ArtifactCache>();
        services.AddSingleton<GraphMetrics>();
        services.AddSingleton<GraphLoader>();
        services.AddSingleton<RuntimeLoader>();
        services.AddSingleton<MemoryBudget>();
        services.AddSingleton<VersionMetrics>();
        services.AddSingleton<VersionTrust>();
        services.AddSingleton<VersionLoader>();
        services.AddSingleton<ResidentVersions>();
        services.AddSingleton<InferenceMetrics>();
        services.AddSingleton<GateKeeper>();
        services.AddSingleton(s => new RandomSource(s.GetRequiredService<IOptions<RoutingOptions>>().Value.Seed ?? (ulong)s.GetRequiredService<TimeProvider>().GetTimestamp()));
        services.AddSingleton(s => new BanditLedger(s.GetRequiredService<IOptions<BanditOptions>>().Value.RememberedPredictions));
        services.AddSingleton<VariantStates>();
        services.AddSingleton<ServingState>();
        services.AddSingleton<Router>();
        services.AddSingleton<InputChoice>();
        services.AddSingleton<ComputeThreads>();
        services.AddSingleton<IRunScheduler>(s => s.GetRequiredService<ComputeThreads>());
        services.AddSingleton<EngineHost>();
        services.AddSingleton<AlertWriter>();
        services.AddHostedService(s => s.GetRequiredService<AlertWriter>());
        services.AddHostedService<CrashFollower>();
        services.AddSingleton<Predictor>();
        builder.AddExplanations();
        services.AddSingleton<ModelRepository>();
        services.AddStartupTask<FirstEndpoints>();
        services.AddStartupTask<FirstLookup>();
        services.AddSingleton<EndpointWatcher>();
        services.AddHostedService(s => s.GetRequiredService<EndpointWatcher>());
        services.AddSingleton<HashKey>();
        services.AddSingleton<IStartupTask>(s => s.GetRequiredService<HashKey>());
        services.AddSingleton<PredictionLogger>();
        services.AddHostedService(s => s.GetRequiredService<PredictionLogger>());
        services.AddSingleton<ShadowMetrics>();
        services.AddSingleton<ShadowRunner>();
        services.AddSingleton<ShadowMirror>();
        services.AddHostedService(s => s.GetRequiredService<ShadowMirror>());
        services.AddSingleton<SnapshotFile>();
        services.AddSingleton<BanditMetrics>();
        services.AddSingleton<FeedbackFollower>();
        services.AddHostedService(s => s.GetRequiredService<FeedbackFollower>());
        services.AddHealthChecks()
            .AddCheck<BanditHealth>("bandits", HealthStatus.Degraded)
            .AddCheck<RegistryHealth>("registry", HealthStatus.Degraded)
            .AddCheck<FeaturesHealth>("features", HealthStatus.Degraded)
            .AddCheck<PredictionLogHealth>("prediction log", HealthStatus.Degraded);
        return builder;
    }

    private static WebApplicationBuilder AddOptions<TOptions>(this WebApplicationBuilder builder, string section)
        where TOptions : class
    {
        builder.Services.AddOptions<TOptions>().BindConfiguration(section).ValidateDataAnnotations().ValidateOnStart();
        return builder;
    }
}
