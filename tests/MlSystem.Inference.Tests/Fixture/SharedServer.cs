namespace MlSystem.Inference.Tests.Fixture;

/// <summary>One server with the models that need no change: <c>linear</c>, <c>echo</c>, <c>columns</c> (look-up declared, feature store absent).</summary>
public sealed class SharedServer : IAsyncLifetime
{
    private readonly RegistryDouble _registry = new();

    public InferenceServer Server { get; private set; } = null!;

    public HttpClient Http => Server.Http;

    public async ValueTask InitializeAsync()
    {
        _registry.AddVersion("linear", 1, ModelFolder.Linear());
        _registry.AddVersion("linear", 2, ModelFolder.Linear(bias: 1000));
        _registry.AddVersion("echo", 1, ModelFolder.Echo());
        _registry.AddVersion("typed", 1, ModelFolder.Echo(except: "FP16"));
        _registry.AddVersion("columns", 1, ModelFolder.Columns());
        _registry.AddVersion("plain", 1, ModelFolder.Columns(lookup: false));
        _registry.AddVersion("spare", 1, ModelFolder.Linear());
        foreach (var name in (string[])["linear", "echo", "typed", "columns", "plain", "spare"])
        {
            _registry.SetEndpoint(name, 1);
        }

        await _registry.StartAsync();
        Server = await InferenceServer.StartAsync(_registry.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await _registry.DisposeAsync();
    }
}

[CollectionDefinition(nameof(SharedServer))]
public sealed class SharedServerCollection : ICollectionFixture<SharedServer>;
