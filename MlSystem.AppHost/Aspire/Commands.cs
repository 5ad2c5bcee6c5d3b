namespace MlSystem.AppHost.Aspire;

/// <summary>What the dashboard offers beside start and stop.</summary>
internal static class Commands
{
    public static IResourceBuilder<ProjectResource> WithSampleCommand(this IResourceBuilder<ProjectResource> gateway) => gateway
        .WithHttpCommand("/api/samples/churn", "Load the churn sample", endpointName: "http", commandOptions: new HttpCommandOptions
        {
            Description = "Feature definitions, rows, a training run and the endpoint 'churn'; a second time does nothing twice.",
            IconName = "DatabaseArrowDown",
        });
}
