using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Signing;

/// <summary>Reads the signing keys, and makes the first, before the registry is ready.</summary>
internal sealed class OpenSigningKeys(IServiceProvider services) : IStartupTask
{
    public string Name => "signing keys";

    public Task RunAsync(CancellationToken cancellationToken)
    {
        _ = services.GetRequiredService<SigningKeys>().Current;
        return Task.CompletedTask;
    }
}
