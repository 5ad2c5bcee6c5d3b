using Microsoft.Extensions.DependencyInjection;

namespace MlSystem.ServiceDefaults.Startup;

public static class StartupTaskExtensions
{
    /// <summary>Adds a task that must succeed before the service is ready, behind those added before.</summary>
    public static IServiceCollection AddStartupTask<TTask>(this IServiceCollection services)
        where TTask : class, IStartupTask => services.AddSingleton<IStartupTask, TTask>();
}
