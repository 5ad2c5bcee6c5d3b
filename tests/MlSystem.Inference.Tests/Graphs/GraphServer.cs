using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Graphs;

/// <summary>One server with members and graphs of them, each graph an endpoint of its name.</summary>
public sealed class GraphServer : IAsyncLifetime
{
    private readonly RegistryDouble _registry = new();

    public InferenceServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        foreach (var version in (int[])[1, 2, 4])
        {
            _registry.AddVersion("scale", version, GraphModels.Scale(version));
        }

        _registry.AddVersion("fragile", 1, GraphModels.Fragile());
        _registry.AddVersion("meta", 1, GraphModels.Meta());
        _registry.AddVersion("renamed", 1, GraphModels.Scale(10, input: "value"));
        _registry.AddVersion("yes-no", 1, GraphModels.Classifier(1, "yes", "no"));
        _registry.AddVersion("yes-no", 2, GraphModels.Classifier(0.5f, "no", "yes"));
        _registry.AddVersion("yes-no", 3, GraphModels.Classifier(0.25f, "yes", "no"));
        foreach (var (name, nodes) in Graphs)
        {
            _registry.AddVersion(name, 1, GraphModels.Graph(nodes));
            _registry.SetEndpoint(name, 1);
        }

        await _registry.StartAsync();
        Server = await InferenceServer.StartAsync(_registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:Seed"] = "7" });
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await _registry.DisposeAsync();
    }

    private static readonly Dictionary<string, string> Graphs = new(StringComparer.Ordinal)
    {
        ["mean"] = """{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"scale","version":1},{"model":"scale","version":2}]}}""",
        ["weighted"] = """{"root":{"router_type":"Ensemble","combine":"weighted_mean","steps":[{"model":"scale","version":1,"weight":3},{"model":"scale","version":2,"weight":1}]}}""",
        ["soft"] = """{"root":{"router_type":"Ensemble","combine":"soft_vote","steps":[{"model":"yes-no","version":1,"weight":1},{"model":"yes-no","version":2,"weight":3}]}}""",
        ["hard"] = """{"root":{"router_type":"Ensemble","combine":"hard_vote","steps":[{"model":"yes-no","version":1},{"model":"yes-no","version":2},{"model":"yes-no","version":3,"weight":1.5}]}}""",
        ["merge"] = """{"root":{"router_type":"Ensemble","steps":[{"name":"a","model":"scale","version":1},{"name":"b","model":"yes-no","version":1}]}}""",
        ["stack"] = """{"root":{"router_type":"Ensemble","combine":"stack","steps":[{"name":"a","model":"scale","version":1},{"name":"b","model":"scale","version":2}],"meta":{"model":"meta","version":1,"inputs":{"a":"a.prediction","b":"b.prediction"}}}}""",
        ["sequence"] = """{"root":{"router_type":"Sequence","steps":[{"model":"scale","version":2},{"model":"renamed","version":1,"data":"$response","inputs":{"value":"prediction"}},{"model":"meta","version":1,"data":"$response","inputs":{"a":"prediction","b":"$request.x"}}]}}""",
        ["switch"] = """{"root":{"router_type":"Switch","steps":[{"model":"scale","version":2,"condition":"x < 10"},{"node":"middle","condition":"x < 20"},{"model":"scale","version":4}]},"middle":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"scale","version":1}]}}""",
        ["strict"] = """{"root":{"router_type":"Switch","steps":[{"model":"scale","version":2,"condition":"x > 10"}]}}""",
        ["splitter"] = """{"root":{"router_type":"Splitter","steps":[{"model":"scale","version":1,"weight":80},{"model":"scale","version":2,"weight":20},{"model":"scale","version":4,"weight":0}]}}""",
        ["dropping"] = """{"root":{"router_type":"Ensemble","combine":"weighted_mean","on_failure":"drop","min_members":2,"steps":[{"model":"scale","version":1,"weight":1},{"model":"scale","version":4,"weight":2},{"model":"fragile","version":1,"weight":5}]}}""",
        ["failing"] = """{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"scale","version":1},{"model":"fragile","version":1}]}}""",
        ["too-few"] = """{"root":{"router_type":"Ensemble","combine":"mean","on_failure":"drop","min_members":2,"steps":[{"model":"scale","version":1},{"model":"fragile","version":1}]}}""",
        ["nested"] = """{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"name":"inner","model":"dropping","version":1},{"model":"scale","version":2}]}}""",
    };
}
