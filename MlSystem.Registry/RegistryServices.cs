using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Artifacts.Verification;
using MlSystem.Registry.Audit;
using MlSystem.Registry.Events;
using MlSystem.Registry.Lineage;
using MlSystem.Registry.LoggedModels;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Models;
using MlSystem.Registry.Promotions;
using MlSystem.Registry.Retention;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Signing;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;
using MlSystem.Registry.Validation;
using MlSystem.Registry.Validation.Graphs;
using MlSystem.Registry.Webhooks;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry;

/// <summary>Registers the registry's capabilities and maps their paths.</summary>
internal static class RegistryServices
{
    private const string MlflowPath = "/api/2.0/mlflow";
    private const string ArtifactsPath = "/api/2.0/mlflow-artifacts";

    public static void AddRegistry(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.AddDatabase<RegistryContext, SqliteRegistryContext, PostgresRegistryContext>();
        builder.AddEventLog();
        services.AddOptions<ArtifactOptions>().BindConfiguration(ArtifactOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ValidationOptions>().BindConfiguration(ValidationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddErrorForm(MlflowPath, MlflowError.Write).AddErrorForm(ArtifactsPath, MlflowError.Write).AddErrorForm("/ajax-api", MlflowError.Write).AddErrorForm("/api/3.0", MlflowError.Write);
        services.AddSingleton<RegistryDatabase>();
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPools>();
        services.Configure<SocketTransportOptions>(TransferBuffers.Set);
        services.AddSingleton(s => s.GetRequiredService<BlobStore>().Backend).AddSingleton<BlobVerifier>();
        services.AddSingleton<BlobLedger>().AddSingleton<BlobCollector>().AddHostedService<CollectionSchedule>();
        services.AddSingleton<BlobStore>().AddSingleton<ArtifactTree>().AddSingleton<VersionTree>().AddStartupTask<OpenBlobStore>();
        services.AddSingleton<ExperimentStore>().AddSingleton<RunStore>().AddSingleton<RunLog>().AddSingleton<InputStore>().AddSingleton<MetricHistoryReader>();
        services.AddSingleton<ModelStore>().AddSingleton<VersionStore>().AddSingleton<AliasStore>().AddSingleton<StageStore>().AddSingleton<ServedModels>().AddSingleton<ModelRemoval>().AddSingleton<NativeModelReader>();
        services.AddSingleton<LoggedModelStore>();
        services.AddSingleton<EndpointReader>().AddSingleton<EndpointWriter>();
        services.AddSingleton<EndpointChanges>().AddHostedService(s => s.GetRequiredService<EndpointChanges>());
        services.AddSingleton<ValidationSignal>().AddSingleton<ModelCheck>().AddSingleton<GraphValidation>().AddSingleton<ValidationQueue>().AddHostedService<Validator>();
        services.AddOptions<RetentionOptions>().BindConfiguration(RetentionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<Purger>().AddSingleton<DataSubjects>().AddHostedService<PurgeSchedule>();
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WebhookSecrets>().AddSingleton<WebhookSender>().AddSingleton<WebhookStore>().AddSingleton<WebhookTester>();
        services.AddSingleton<WebhookSignal>().AddHostedService<WebhookDispatcher>();
        services.AddOptions<SigningOptions>().BindConfiguration(SigningOptions.Section);
        services.AddSingleton<SigningKeys>().AddSingleton<ManifestSigner>().AddStartupTask<OpenSigningKeys>();
        services.AddOptions<PromotionOptions>().BindConfiguration(PromotionOptions.Section);
        services.AddSingleton<PromotionReader>().AddSingleton<PromotionStore>().AddSingleton<Approvers>();
        services.AddOptions<LineageOptions>().BindConfiguration(LineageOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.AddServiceClient<MonitorClient>("monitor");
        services.AddSingleton<LineageStore>().AddHostedService<AlertHandler>().AddHostedService<RunHandler>();
        services.AddTransient<PredictionSection>().AddTransient<LineageReader>();
        services.AddHttpContextAccessor();
        services.AddSingleton<AuditReader>().AddSingleton<AuditVerifier>().AddSingleton<AuditAnchor>().AddHostedService(s => s.GetRequiredService<AuditAnchor>());
        services.AddSingleton<OutboxSignal>().AddHostedService<OutboxDispatcher>();
    }

    public static void MapRegistry(this WebApplication app)
    {
        foreach (var prefix in new[] { MlflowPath, "/ajax-api/2.0/mlflow" })
        {
            var mlflow = app.MapGroup(prefix).ExcludeFromDescription();
            mlflow.MapExperiments();
            mlflow.MapRuns();
            mlflow.MapRunArtifacts();
            mlflow.MapModels();
            mlflow.MapLoggedModels();
            mlflow.MapWebhooks();
            mlflow.MapOutOfScope();
        }

        foreach (var prefix in new[] { "/api/3.0/mlflow", "/ajax-api/3.0/mlflow" })
        {
            var newer = app.MapGroup(prefix).ExcludeFromDescription();
            newer.MapServerInfo();
            newer.MapOutOfScope();
        }

        app.MapServerVersion();

        app.MapGroup(ArtifactsPath).ExcludeFromDescription().MapArtifacts(app.Services.GetRequiredService<IOptions<ArtifactOptions>>().Value);
        var api = app.MapGroup("/api");
        api.MapNativeModels();
        api.MapEndpoints();
        api.MapNativeWebhooks();
        api.MapRetention();
        api.MapAudit();
        api.MapSigning();
        api.MapPromotions();
        api.MapCollection();
        api.MapVerification();
        api.MapLineage();
    }
}
