namespace MlSystem.FeatureStore.Tests;

/// <summary>One service for tests that change nothing in it.</summary>
public sealed class SharedApp : IAsyncLifetime
{
    public FeatureStoreApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        App = await FeatureStoreApp.StartAsync();
        await App.PostOkAsync("/api/apply", Samples.Definitions);
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();
}
