using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Versions;
using MlSystem.Onnx;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Versions;

/// <summary>The golden documents of the contracts, read as the registry gives them and written as the event log gets them.</summary>
public sealed class GoldenTests
{
    [Fact]
    public async Task The_registrys_answers_are_read_whole()
    {
        using var http = new HttpClient(new GoldenRegistry()) { BaseAddress = new Uri("http://registry/") };
        var registry = new RegistryClient(http);
        var snapshot = await registry.WatchAsync(null, TimeSpan.Zero, CancellationToken.None);
        AssertGolden("endpoint", JsonSerializer.SerializeToNode(Assert.Single(snapshot!.Endpoints), ContractsJson.Default.Endpoint));
        var version = await registry.GetVersionAsync(new VersionKey("churn", 2), CancellationToken.None);
        Assert.Equal(("churn", 2, VersionAnswer.Servable), (version!.Model, version.Version, version.Status));
        AssertGolden("model_manifest", JsonSerializer.SerializeToNode(version.Manifest, ContractsJson.Default.ModelManifest!));
        AssertGolden("model_signature", JsonSerializer.SerializeToNode(version.Signature, ContractsJson.Default.ModelSignature!));
    }

    [Fact]
    public async Task A_version_with_the_golden_signature_and_lineage_is_served_and_its_events_have_the_golden_form()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("churn", 2, Churn());
        registry.SetEndpoint("churn", 2);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var metadata = await server.Http.GetStringAsync("/v2/models/churn");
        Assert.Contains("\"join_keys\":\"customer_id\"", metadata, StringComparison.Ordinal);
        Assert.Contains("churn_v1", metadata, StringComparison.Ordinal);
        var (status, body) = await server.InferAsync("churn", """
            {"id":"batch-7","inputs":[{"name":"tenure","shape":[2,1],"datatype":"FP32","data":[1,2]},{"name":"contract","shape":[2,1],"datatype":"BYTES","data":["One year",null]},
            {"name":"customer_id","shape":[2,1],"datatype":"BYTES","data":["C00001","C00002"]}]}
            """);
        Assert.True(status == 200, body.ToString());
        var log = server.Services.GetRequiredService<IEventLog>();
        // Nothing was looked up or mirrored, and the golden shapes and gaps differ between requests on purpose.
        string[] sparse = [".oldest_feature_ages_seconds", ".paired_request_ids", ".inputs.history", ".join_keys.customer_id.absent"];
        var golden = Golden.Form(Golden.Text("prediction_batch_event"), ".client_ids").Where(path => !sparse.Any(part => path.StartsWith(part, StringComparison.Ordinal)));
        Assert.Equal(golden, Golden.Form(await ReadAsync(log, Topics.Predictions), ".client_ids").Order(StringComparer.Ordinal));

        using var accepted = await server.Http.PostAsync("/v2/models/churn/feedback", Requests.Json($$"""{"id":"{{body.RequestId()}}/1","label":"Yes","reward":0.5}"""));
        Assert.Equal(202, (int)accepted.StatusCode);
        Assert.True(Golden.Form(Golden.Text("feedback_event")).SetEquals(Golden.Form(await ReadAsync(log, Topics.Feedback))));
    }

    /// <summary>A graph for the golden signature: the label is the contract, the probabilities are the tenure twice.</summary>
    private static ModelFolder Churn()
    {
        var graph = new GraphBuilder("churn");
        var tenure = graph.Input("tenure", new TensorType(ElementType.Float, Dimension.Batch, 1));
        var contract = graph.Input("contract", new TensorType(ElementType.String, Dimension.Batch, 1));
        graph.Output("label", graph.Squeeze(contract, 1));
        graph.Output("probabilities", graph.Concat([tenure, tenure], 1));
        var folder = ModelFolder.Of(graph, Golden.Read("model_signature", ContractsJson.Default.ModelSignature));
        folder.Files[ModelFiles.Signature] = Encoding.UTF8.GetBytes(Golden.Text("model_signature"));
        folder.Files[ModelFiles.Lineage] = Encoding.UTF8.GetBytes(Golden.Text("model_lineage"));
        return folder;
    }

    private static void AssertGolden(string name, JsonNode? read) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Golden.Text(name)), read), $"{name} was read as\n{read}");

    private static async Task<string> ReadAsync(IEventLog log, string topic)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var consumer = log.Subscribe(topic, "test");
        return Encoding.UTF8.GetString((await consumer.ReadAsync(1, deadline.Token))[0].Event.Value.Span);
    }

    private sealed class GoldenRegistry : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.RequestUri!.AbsolutePath switch
            {
                "/api/endpoints" => $$"""{"endpoints":[{{Golden.Text("endpoint")}}]}""",
                "/api/models/churn/versions/2" =>
                    $$"""{"model":"churn","version":2,"status":"servable","manifest":{{Golden.Text("model_manifest")}},"signature":{{Golden.Text("model_signature")}},"lineage":{{Golden.Text("model_lineage")}},"created_at":"2026-01-01T00:00:00Z","created_by":"ana","aliases":["champion"]}""",
                _ => throw new InvalidOperationException($"unexpected {request.RequestUri}"),
            };
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
        }
    }
}
