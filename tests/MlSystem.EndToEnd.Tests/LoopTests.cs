using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>The loop through the gateway: sample → features → model → endpoint → prediction → feedback → monitor.</summary>
public abstract class LoopTests
{
    private readonly RunningSystem _system;

    protected LoopTests(RunningSystem system)
    {
        Assert.SkipWhen(system.Missing is not null, system.Missing ?? "");
        _system = system;
    }

    [Fact]
    public async Task Sample_registers_a_model_that_reaches_its_bar()
    {
        var metrics = await _system.Gateway.GetFromJsonAsync<JsonNode>("/api/models/churn/versions/1/files/metrics.json");
        var version = await _system.Gateway.GetFromJsonAsync<JsonNode>("/api/models/churn/versions/1");
        var run = await _system.Gateway.GetFromJsonAsync<JsonNode>($"/api/2.0/mlflow/runs/get?run_id={version!["run_id"]}");

        Assert.True((double)metrics!["auc"]! >= 0.83, metrics.ToString());
        Assert.Equal("servable", (string?)version["status"]);
        Assert.Contains("champion", version["aliases"]!.AsArray().Select(alias => (string?)alias));
        Assert.Contains(run!["run"]!["data"]!["metrics"]!.AsArray(), metric => (string?)metric!["key"] == "auc");
    }

    [Fact]
    public async Task Second_sample_does_nothing_twice()
    {
        var again = await _system.Gateway.PostAsync("/api/samples/churn", null);
        var answer = await again.Content.ReadFromJsonAsync<JsonNode>();
        var versions = await _system.Gateway.GetFromJsonAsync<JsonNode>("/api/models/churn/versions");

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(_system.SampleRun, (string?)answer!["run_id"]);
        Assert.Single(versions!["versions"]!.AsArray());
    }

    [Fact]
    public async Task Metadata_names_raw_columns_and_join_key()
    {
        var metadata = await _system.Gateway.GetFromJsonAsync<JsonNode>("/v2/models/churn");

        var inputs = metadata!["inputs"]!.AsArray().Select(input => (string)input!["name"]!).ToHashSet();
        Assert.Equal(19, inputs.Count);
        Assert.Contains("contract", inputs);
        Assert.Contains("customer_id", metadata["properties"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_join_key_alone_predicts_what_the_raw_columns_predict()
    {
        int[] rows = [0, 1, 488, 6000];
        var raw = await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.RawRequest(rows));
        var looked = await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.KeyRequest(rows));

        Assert.Equal(Inference.Output(raw, "probabilities"), Inference.Output(looked, "probabilities"));
        Assert.All(Inference.Output(raw, "probabilities"), p => Assert.InRange(p, 0, 1));
        Assert.NotNull(looked["parameters"]!["oldest_feature_age_seconds"]);
    }

    [Fact]
    public async Task Grpc_answers_as_http_does()
    {
        var http = await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.KeyRequest(7));
        var grpc = await GrpcInference.PredictAsync(_system.GrpcAddress, "churn", "customer_id", ChurnRows.CustomerId(7));

        Assert.Equal(Inference.Output(http, "probabilities").Select(p => (float)p), grpc);
    }

    [Fact]
    public async Task Feedback_is_joined_with_its_prediction()
    {
        var before = await LabelledAsync();
        var answer = await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.KeyRequest(11, 12));
        var request = (string)answer["parameters"]!["request_id"]!;

        var feedback = await _system.Gateway.PostAsJsonAsync(
            "/v2/models/churn/feedback", new JsonObject { ["id"] = $"{request}/1", ["label"] = "Yes" });

        Assert.True(feedback.IsSuccessStatusCode, await feedback.Content.ReadAsStringAsync());
        await Eventually.TrueAsync(async () => await LabelledAsync() > before, TimeSpan.FromSeconds(30), "the label is joined");
    }

    [Fact]
    public async Task Inference_metrics_carry_the_field_s_names()
    {
        await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.RawRequest(3));
        using var client = new HttpClient();

        var text = await client.GetStringAsync(new Uri(_system.HttpAddress("inference"), "/metrics"));

        Assert.Contains("nv_inference_request_success{", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inference")]
    [InlineData("registry")]
    [InlineData("features")]
    [InlineData("training")]
    [InlineData("monitor")]
    public async Task Gateway_serves_the_api_document_of(string service)
    {
        var document = await _system.Gateway.GetFromJsonAsync<JsonNode>($"/openapi/{service}.json");

        Assert.NotNull(document!["openapi"]);
        Assert.NotEmpty(document["paths"]!.AsObject());
    }

    [Fact]
    public async Task Start_page_names_every_service()
    {
        var page = await _system.Gateway.GetStringAsync("/");

        Assert.All(RunningSystem.Services, service => Assert.Contains(service, page, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("{\"inputs\": [", HttpStatusCode.BadRequest)]
    [InlineData("{\"inputs\": [{\"name\":\"tenure\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[NaN]}]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"inputs\": [{\"name\":\"nonsense\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"inputs\": [{\"name\":\"tenure\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}", HttpStatusCode.BadRequest)]
    public async Task Bad_request_is_answered_in_the_protocol_s_form(string body, HttpStatusCode status)
    {
        var answer = await _system.Gateway.PostAsync(
            "/v2/models/churn/infer", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(status, answer.StatusCode);
        Assert.NotEmpty((string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["error"]!);
    }

    [Theory]
    [InlineData("registry")]
    [InlineData("features")]
    [InlineData("training")]
    [InlineData("monitor")]
    [InlineData("inference")]
    [InlineData("gateway")]
    public async Task Killed_service_comes_back_with_everything(string service)
    {
        var before = await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.KeyRequest(21));

        // Who sends every column needs no service but inference and the way to it.
        var load = service is "inference" or "gateway" ? null : new RawLoad(_system.Gateway);
        await _system.KillAndReviveAsync(service);
        if (load is not null)
        {
            Assert.True(await load.EndAsync() > 0, "nothing was predicted meanwhile");
        }

        JsonNode? after = null;
        await Eventually.TrueAsync(
            async () =>
            {
                after = await Inference.PostAsync(_system.Gateway, "churn", ChurnRows.KeyRequest(21));
                return true;
            },
            TimeSpan.FromSeconds(30), "the endpoint answers again");
        var run = await _system.Gateway.GetFromJsonAsync<JsonNode>($"/api/runs/{_system.SampleRun}");
        Assert.Equal(Inference.Output(before, "probabilities"), Inference.Output(after!, "probabilities"));
        Assert.Equal("succeeded", (string?)run!["state"]);
        await Feedback_is_joined_with_its_prediction();
    }

    private async Task<long> LabelledAsync()
    {
        var answer = await _system.Gateway.GetAsync("/api/endpoints/churn/performance");
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return 0;
        }

        var performance = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
        return performance!["versions"]!.AsArray().Sum(version => (long)version!["labelled"]!);
    }
}

[Collection(WholeSystems.Collection)]
public sealed class StandaloneLoopTests(StandaloneLoopSystem system) : LoopTests(system), IClassFixture<StandaloneLoopSystem>
{
    [Fact]
    public async Task Killed_host_starts_again_with_everything()
    {
        var before = await Inference.PostAsync(system.Gateway, "churn", ChurnRows.KeyRequest(31));

        await system.KillAndReviveHostAsync();

        var after = await Inference.PostAsync(system.Gateway, "churn", ChurnRows.KeyRequest(31));
        Assert.Equal(Inference.Output(before, "probabilities"), Inference.Output(after, "probabilities"));
    }
}

[Collection(WholeSystems.Collection)]
public sealed class RealServersLoopTests(RealServersSystem system) : LoopTests(system), IClassFixture<RealServersSystem>;

/// <summary>Two whole systems at once would starve each other on a small machine: one collection, one after the other.</summary>
internal static class WholeSystems
{
    public const string Collection = "whole systems";
}
