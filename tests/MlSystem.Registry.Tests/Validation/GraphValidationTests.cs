using System.Text;
using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Validation;

public sealed class GraphValidationTests : IAsyncLifetime
{
    private RegistryApp _app = null!;
    private string _model = "";

    public async ValueTask InitializeAsync()
    {
        _app = await RegistryApp.StartAsync(null);
        _model = await _app.Registry.ModelAsync();
        await _app.Registry.ServableAsync(_model);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task A_graph_of_servable_versions_is_servable_and_lists_its_members()
    {
        var second = await _app.Registry.ServableAsync(_model);

        var version = await RegisterAsync(Ensemble("mean", "y", Member(1), Member(second)));

        Assert.True(Status(version) == "servable", version.ToString());
        Assert.Equal($$"""[{"model":"{{_model}}","version":1},{"model":"{{_model}}","version":2}]""", version.GetProperty("members").GetRawText());
        Assert.Equal("x", version.GetProperty("signature").GetProperty("inputs")[0].GetProperty("name").GetString());
        Assert.Equal("y", version.GetProperty("signature").GetProperty("outputs")[0].GetProperty("name").GetString());
        (await _app.Registry.PutEndpointAsync(RegistryClient.Unique("e"), version.GetProperty("model").GetString()!, 1)).Ok();
    }

    [Fact]
    public async Task What_can_not_be_served_names_node_step_and_tensor()
    {
        var refused = await _app.Registry.CreateAsync(_model, ("model.onnx", "broken"u8.ToArray()));
        await RefusedAsync("node 'root', step 'm': no-such-model/1 is not registered", Ensemble("mean", "y", """{"name":"m","model":"no-such-model","version":1}"""));
        await RefusedAsync($"node 'root', step '{_model}-{refused}': {_model}/{refused} is not servable: ", Ensemble("mean", "y", Member(refused)));
        await RefusedAsync($"node 'root', step '{_model}-1': it has no output 'prediction' to combine (y)", Ensemble("mean", "prediction", Member(1)));
        await RefusedAsync("ensemble.json can't be read", "{");
        await RefusedAsync("ensemble.json: node 'root': router_type 'Chain' is unknown", """{"nodes":{"root":{"router_type":"Chain","steps":[{"model":"a","version":1}]}}}""");
        await RefusedAsync("the nodes form a cycle: root → root", """{"nodes":{"root":{"router_type":"Sequence","steps":[{"node":"root"}]}}}""");
        await RefusedAsync(
            $"node 'root', step '{_model}-1': input 'x' of {_model}/1 takes FP32, but 'x' is FP64",
            Ensemble("mean", "y", Member(1)),
            TinyModels.IdentitySignature.Replace("FP32\",\"shape\":[-1,1],", "FP64\",\"shape\":[-1,1],", StringComparison.Ordinal));
    }

    /// <summary>Each names the other before either is validated: neither waits for ever.</summary>
    [Fact]
    public async Task Versions_that_contain_themselves_are_refused()
    {
        var (a, b) = (await _app.Registry.ModelAsync(), await _app.Registry.ModelAsync());
        var itself = await _app.Registry.RegisterAsync(a, Files(Ensemble("mean", "y", $$"""{"name":"me","model":"{{a}}","version":1}""")));
        Assert.Contains($"node 'root', step 'me': the versions form a cycle: {a}/1 → {a}/1", itself.GetProperty("reason").GetString(), StringComparison.Ordinal);

        await _app.Registry.CreateAsync(a, Files(Ensemble("mean", "y", $$"""{"model":"{{b}}","version":1}""")));
        await _app.Registry.CreateAsync(b, Files(Ensemble("mean", "y", $$"""{"model":"{{a}}","version":2}""")));
        Assert.Equal("refused", Status(await _app.Registry.ValidatedAsync(a, 2)));
        Assert.Equal("refused", Status(await _app.Registry.ValidatedAsync(b, 1)));
    }

    /// <summary>A graph that is registered right after its member, and one of graphs, wait for what they need.</summary>
    [Fact]
    public async Task Members_that_are_not_validated_yet_are_waited_for()
    {
        var (inner, outer) = (await _app.Registry.ModelAsync(), await _app.Registry.ModelAsync());
        var member = await _app.Registry.CreateAsync(_model, ("model.onnx", TinyModels.Identity()));
        await _app.Registry.CreateAsync(inner, Files(Ensemble("mean", "y", Member(member))));
        await _app.Registry.CreateAsync(outer, Files(Ensemble("mean", "y", Member(1), $$"""{"model":"{{inner}}","version":1}""")));

        Assert.Equal("servable", Status(await _app.Registry.ValidatedAsync(outer, 1)));
        Assert.Equal("servable", Status(await _app.Registry.ValidatedAsync(inner, 1)));
    }

    [Fact]
    public async Task A_member_of_a_graph_can_not_be_deleted_even_within_its_own_model()
    {
        var version = await _app.Registry.RegisterAsync(_model, Files(Ensemble("mean", "y", Member(1))));
        Assert.True(Status(version) == "servable", version.ToString());

        var answer = await _app.Registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/model-versions/delete", new { name = _model, version = "1" });

        Assert.Contains("it is a member of the ensemble", answer.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
        (await _app.Registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/model-versions/delete", new { name = _model, version = "2" })).Ok();
        (await _app.Registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/model-versions/delete", new { name = _model, version = "1" })).Ok();
    }

    private string Member(int version) => $$"""{"model":"{{_model}}","version":{{version}}}""";

    private static string Ensemble(string combine, string output, params string[] members) =>
        "{\"nodes\":{\"root\":{\"router_type\":\"Ensemble\",\"combine\":\"" + combine + "\",\"output\":\"" + output + "\",\"steps\":[" + string.Join(',', members) + "]}}}";

    private static (string Name, byte[] Content)[] Files(string graph, string? signature = null) =>
        signature is null ? [("ensemble.json", Encoding.UTF8.GetBytes(graph))] : [("ensemble.json", Encoding.UTF8.GetBytes(graph)), ("signature.json", Encoding.UTF8.GetBytes(signature))];

    private async Task<JsonElement> RegisterAsync(string graph, string? signature = null) => await _app.Registry.RegisterAsync(await _app.Registry.ModelAsync(), Files(graph, signature));

    private async Task RefusedAsync(string reason, string graph, string? signature = null)
    {
        var version = await RegisterAsync(graph, signature);
        Assert.Equal("refused", Status(version));
        Assert.Contains(reason, version.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    private static string Status(JsonElement version) => version.GetProperty("status").GetString()!;
}
