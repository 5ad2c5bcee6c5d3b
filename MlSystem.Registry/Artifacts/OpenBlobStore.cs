using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Artifacts;

/// <summary>Reaches the blobs' store before the registry is ready and tidies up.</summary>
internal sealed class OpenBlobStore(IServiceProvider services) : IStartupTask
{
    public string Name => "artifacts";

    public Task RunAsync(CancellationToken cancellationToken) =>
        // Resolved here, so that a store that can't be used is a failed task and not a failed start.
        services.GetRequiredService<BlobStore>().OpenAsync(cancellationToken);
}
