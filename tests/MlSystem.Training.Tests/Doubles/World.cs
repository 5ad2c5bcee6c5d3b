using MlSystem.Testing;

namespace MlSystem.Training.Tests.Doubles;

/// <summary>The doubles and a data folder of one test.</summary>
internal sealed class World : IAsyncDisposable
{
    public TempFolder Folder { get; } = new();

    public FeaturesDouble Features { get; } = new();

    public RegistryDouble Registry { get; } = new();

    public static async Task<World> StartAsync()
    {
        var world = new World();
        await world.Features.StartAsync();
        await world.Registry.StartAsync();
        return world;
    }

    public Task<TrainingHost> HostAsync(params (string Key, string Value)[] settings) => TrainingHost.StartAsync(Folder, Features, Registry, settings);

    public async ValueTask DisposeAsync()
    {
        await Features.DisposeAsync();
        await Registry.DisposeAsync();
        Folder.Dispose();
    }
}
