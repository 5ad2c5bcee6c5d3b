using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>One server with the models of <see cref="ExplainModels"/>, <c>linear</c> (x·(1, 10, 100)) and <c>columns</c> (look-up, no feature store).</summary>
public sealed class ExplainServer : IAsyncLifetime
{
    private readonly RegistryDouble _registry = new();

    public InferenceServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _registry.AddVersion("logistic", 1, ExplainModels.Logistic());
        _registry.AddVersion("product", 1, ExplainModels.Product());
        _registry.AddVersion("classifier", 1, ExplainModels.Classifier());
        _registry.AddVersion("linear", 1, ModelFolder.Linear());
        _registry.AddVersion("linear", 2, ModelFolder.Linear(bias: 1000));
        _registry.AddVersion("columns", 1, ModelFolder.Columns());
        foreach (var name in (string[])["logistic", "product", "classifier", "linear", "columns"])
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

[CollectionDefinition(nameof(ExplainServer))]
public sealed class ExplainServerCollection : ICollectionFixture<ExplainServer>;
