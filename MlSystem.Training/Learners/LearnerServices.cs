using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Learners.Snapshots;

namespace MlSystem.Training.Learners;

/// <summary>Registration of online learning.</summary>
internal static class LearnerServices
{
    public static IServiceCollection AddLearners(this IServiceCollection services)
    {
        services.AddOptions<LearnerOptions>().BindConfiguration(LearnerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, LearnerJson.Default));
        services.AddSingleton<LearnerStore>().AddSingleton<LearnerLeases>().AddSingleton<LearnerVault>().AddSingleton<SnapshotPublisher>();
        return services.AddHostedService<LearnerHost>();
    }
}
