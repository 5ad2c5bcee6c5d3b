using Microsoft.Extensions.Options;
using MlSystem.Features.V1;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Clients;
using MlSystem.Training.Executors;
using MlSystem.Training.Executors.Kubernetes;
using MlSystem.Training.Exports;
using MlSystem.Training.Labels;
using MlSystem.Training.Learners;
using MlSystem.Training.Outbox;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Runs.Logs;
using MlSystem.Training.Samples;
using MlSystem.Training.Sources;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;
using MlSystem.Training.Trainers;
using MlSystem.Training.Triggers;
using MlSystem.Training.Tuning;

namespace MlSystem.Training;

/// <summary>The parts of the training service.</summary>
public static class TrainingService
{
    public static WebApplicationBuilder AddTraining(this WebApplicationBuilder builder)
    {
        builder.AddDatabase<TrainingContext, SqliteTrainingContext, PostgresTrainingContext>();
        builder.AddEventLog();

        // That a key is taken (by another replica) is an expected answer here; any other failure is logged by whoever handles it.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
        builder.AddServiceClient<FeaturesClient>("features");
        builder.AddServiceGrpcClient<HistoricalFeatures.HistoricalFeaturesClient>("features");
        builder.Services.AddSingleton(services => new HistoricalClient(
            services.GetRequiredService<HistoricalFeatures.HistoricalFeaturesClient>(), services.GetRequiredService<IOptions<RunOptions>>(), services.GetRequiredService<TimeProvider>()));
        builder.AddServiceClient<RegistryClient>("registry");
        builder.AddServiceClient<MonitorClient>("monitor");
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, TrainingJson.Default));
        AddRuns(builder.Services);
        AddSteps(builder.Services);
        builder.Services.AddLearners();
        builder.Services.AddLabels();
        return builder;
    }

    public static WebApplication MapTraining(this WebApplication app)
    {
        app.MapPipelines();
        app.MapExports();
        app.MapRuns();
        app.MapTrials();
        app.MapTriggers();
        app.MapSamples();
        app.MapTrainers();
        app.MapLearners();
        app.MapLabels();
        return app;
    }

    private static void AddRuns(IServiceCollection services)
    {
        services.AddOptions<RunOptions>().BindConfiguration(RunOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.RetryDelay <= o.MaxRetryDelay, "Training: RetryDelay must not exceed MaxRetryDelay")
            .ValidateOnStart();
        services.AddSingleton<RunSignal>().AddSingleton<RunQueue>().AddSingleton<RunLedger>().AddSingleton<RunReader>().AddSingleton<RunCommands>();
        services.AddSingleton<RunExecutor>().AddSingleton<PipelineStore>();
        services.AddSingleton<StoreReady>().AddSingleton<IStartupTask>(provider => provider.GetRequiredService<StoreReady>());
        services.AddSingleton<StepRunner>().AddSingleton<StepExecutors>().AddSingleton<ChildExecutor>();
        services.AddOptions<KubernetesOptions>().BindConfiguration(KubernetesOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<KubernetesApi>().AddSingleton<KubernetesExecutor>().AddSingleton<ExportPlanner>();
        services.AddSingleton<RunLog>().AddSingleton<ILoggerProvider, RunLoggerProvider>().AddSingleton<StepCache>().AddSingleton<RunRetention>();
        services.AddSingleton<TriggerGate>().AddSingleton<TriggerPipelines>().AddSingleton<EventTriggers>().AddSingleton<CronTriggers>().AddSingleton<DataTriggers>();
        services.AddSingleton<TriggerClock>().AddHostedService(provider => provider.GetRequiredService<TriggerClock>()).AddHostedService<AlertHandler>().AddHostedService<RunHandler>();
        services.AddHostedService<RunLogWriter>().AddHostedService(provider => provider.GetRequiredService<RunRetention>());
        services.AddHostedService<RunWorker>().AddHostedService<OutboxDispatcher>();
    }

    private static void AddSteps(IServiceCollection services)
    {
        services.AddSingleton<SampleCatalog>().AddSingleton<SampleRuns>().AddSingleton<ApplySampleStep>().AddSingleton<IngestSampleStep>();
        services.AddSingleton<SourceFiles>().AddSingleton<RowSources>().AddSingleton<JoinStep>().AddSingleton<ValidateStep>().AddSingleton<SplitStep>().AddSingleton<TrainStep>();
        services.AddSingleton<EvaluateStep>().AddSingleton<GateStep>().AddSingleton<RegisterStep>().AddSingleton<TuneStep>().AddSingleton<StepPlan>();
    }
}
