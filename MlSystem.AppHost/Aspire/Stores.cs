namespace MlSystem.AppHost.Aspire;

/// <summary>The shared stores. Each service that keeps metadata has a database of its own.</summary>
internal sealed record Stores(
    IResourceBuilder<IResourceWithConnectionString> Cache,
    IResourceBuilder<IResourceWithConnectionString> Kafka,
    IResourceBuilder<IResourceWithConnectionString> Registry,
    IResourceBuilder<IResourceWithConnectionString> Features,
    IResourceBuilder<IResourceWithConnectionString> Training,
    IResourceBuilder<IResourceWithConnectionString> Monitor);

internal static class StoresExtensions
{
    /// <summary>
    /// Containers with volumes, or, with <c>Deploy:Stores</c> = <c>external</c>, connection strings given at deployment.
    /// Azure Container Apps has no disk that PostgreSQL or Kafka could keep their files on: there they are always external.
    /// </summary>
    public static Stores AddStores(this IDistributedApplicationBuilder builder, DeployTarget target) =>
        builder.ExecutionContext.IsPublishMode && (target.Kind == TargetKind.ContainerApps || builder.Configuration["Deploy:Stores"] == "external")
            ? builder.AddExternalStores()
            : builder.AddContainerStores();

    private static Stores AddExternalStores(this IDistributedApplicationBuilder builder) => new(
        builder.AddConnectionString("cache"),
        builder.AddConnectionString("kafka"),
        builder.AddConnectionString("registry-database"),
        builder.AddConnectionString("features-database"),
        builder.AddConnectionString("training-database"),
        builder.AddConnectionString("monitor-database"));

    private static Stores AddContainerStores(this IDistributedApplicationBuilder builder)
    {
        var cache = builder.AddRedis("cache").WithDataVolume("mlsystem-cache").WithPersistence();
        var kafka = builder.AddKafka("kafka").WithDataVolume("mlsystem-kafka");

        // A folder below the volume's root: on a fresh disk the root holds lost+found, and PostgreSQL wants an empty one.
        var postgres = builder.AddPostgres("postgres").WithDataVolume("mlsystem-postgres")
            .WithEnvironment("PGDATA", "/var/lib/postgresql/data/pgdata");
        return new Stores(
            cache,
            kafka,
            postgres.AddDatabase("registry-database", "registry"),
            postgres.AddDatabase("features-database", "features"),
            postgres.AddDatabase("training-database", "training"),
            postgres.AddDatabase("monitor-database", "monitor"));
    }
}
