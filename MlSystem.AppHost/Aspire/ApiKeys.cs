namespace MlSystem.AppHost.Aspire;

/// <summary>Secrets of a deployment: the key that the services send each other, and the first user's.</summary>
internal sealed record ApiKeys(IResourceBuilder<ParameterResource> Service, IResourceBuilder<ParameterResource> User);

internal static class ApiKeysExtensions
{
    /// <summary>Null on the developer's machine, where every address is a loopback one; a deployed service refuses to start without keys.</summary>
    public static ApiKeys? AddApiKeys(this IDistributedApplicationBuilder builder) => builder.ExecutionContext.IsRunMode
        ? null
        : new ApiKeys(
            builder.AddParameter("service-api-key", secret: true).WithDescription("Key that the services send each other; printable characters without spaces."),
            builder.AddParameter("user-api-key", secret: true).WithDescription("Key of the first user, sent as 'Authorization: Bearer <key>'; other than the services' key."));

    public static IResourceBuilder<ProjectResource> WithApiKeys(this IResourceBuilder<ProjectResource> service, ApiKeys? keys) => keys is null
        ? service
        : service
            .WithEnvironment("MlSystem__ApiKeys__service", keys.Service)
            .WithEnvironment("MlSystem__ApiKeys__user", keys.User)
            .WithEnvironment("MlSystem__ApiKey", keys.Service);
}
