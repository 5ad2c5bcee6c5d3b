using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone;

/// <summary>One running system for all tests that leave it running.</summary>
public sealed class RunningSystem : IAsyncLifetime
{
    public static readonly TimeSpan StartTime = TimeSpan.FromSeconds(90);
    private readonly TempFolder _folder = new();

    public StandaloneSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (StandaloneSystem.Missing is null)
        {
            System = StandaloneSystem.Start(_folder["data"]);
            await System.WaitReadyAsync(StartTime);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (System is not null)
        {
            await System.DisposeAsync();
        }

        _folder.Dispose();
    }
}
