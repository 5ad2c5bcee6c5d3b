using System.Text.Json;
using Google.Protobuf;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Features;

/// <summary>What an endpoint does about features that a look-up does not bring.</summary>
public sealed class FeaturePolicyTests : IAsyncLifetime
{
    private const string ByKey = """{"inputs":[{"name":"person_id","shape":[1],"datatype":"BYTES","data":["ann"]}]}""";
    private readonly FeatureStoreDouble _store = new();
    private readonly RegistryDouble _registry = new();

    public async ValueTask InitializeAsync()
    {
        _registry.AddVersion("columns", 1, ModelFolder.Columns());
        await _registry.StartAsync();
        await _store.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [Fact]
    public async Task A_missing_value_takes_the_endpoints_default_and_the_answer_says_so()
    {
        _store.AgeStatus = FeatureStatus.NotFound;
        await using var server = await StartAsync(new EndpointFeatures { Missing = FeaturePolicy.Default, Defaults = Defaults("""{"age":42.5}""") });
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.True(status == 200, body.ToString());
        Assert.Equal(("[42.5]", "[7]"), (Output(body, 0), Output(body, 1)));
        Assert.Equal("age", body.GetProperty("parameters").GetProperty("features_defaulted").GetString());
        var grpc = await server.Grpc.ModelInferAsync(new ModelInferRequest
        {
            ModelName = "columns",
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "person_id", Datatype = "BYTES", Shape = { 1 }, Contents = new InferTensorContents { BytesContents = { ByteString.CopyFromUtf8("ann") } } } },
        });
        Assert.Equal("age", grpc.Parameters["features_defaulted"].StringParam);
    }

    [Theory]
    [InlineData(FeatureStatus.OutsideMaxAge, "its value is older than the feature view's time to live")]
    [InlineData(FeatureStatus.NullValue, "its newest row has no value")]
    public async Task A_views_own_policy_comes_before_the_endpoints(FeatureStatus income, string reason)
    {
        _store.IncomeStatus = income;
        var own = income == FeatureStatus.OutsideMaxAge ? new ViewFeatures { Expired = FeaturePolicy.Refuse } : new ViewFeatures { Missing = FeaturePolicy.Refuse };
        await using var server = await StartAsync(new EndpointFeatures { Views = new Dictionary<string, ViewFeatures>(StringComparer.Ordinal) { ["money"] = own } });
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.Equal(400, status);
        Assert.Contains($"'income', row 0 (person_id = 'ann'): {reason}, and the endpoint refuses requests without it (feature view 'money')", body.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_default_an_expired_value_of_a_nullable_input_is_null()
    {
        _store.IncomeStatus = FeatureStatus.OutsideMaxAge;
        await using var server = await StartAsync(new EndpointFeatures());
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.Equal((200, "[null]"), (status, Output(body, 1)));
    }

    [Theory]
    [InlineData("""{"age":"old"}""", "features.defaults.age: \"old\" is not a value of FP32")]
    [InlineData("""{"plan":7}""", "features.defaults.plan: 7 is not a value of BYTES")]
    [InlineData("""{"plan":null}""", "features.defaults.plan: null, but the input must have a value")]
    public async Task A_default_that_does_not_fit_its_input_is_told_and_the_former_revision_goes_on(string defaults, string reason)
    {
        await using var server = await StartAsync(new EndpointFeatures());
        Endpoint(new EndpointFeatures { Defaults = Defaults(defaults) });
        await Requests.EventuallyAsync(async () => (await IndexAsync(server)).Contains(reason, StringComparison.Ordinal));
        Assert.Equal(200, (await server.InferAsync("columns", ByKey)).Status);
    }

    [Fact]
    public async Task Without_the_feature_store_defaults_are_served_and_it_is_not_asked_again_and_again()
    {
        await using var server = await StartAsync(
            new EndpointFeatures { Unavailable = FeaturePolicy.Default, Defaults = Defaults("""{"age":1,"plan":"none"}""") },
            ("Inference:Features:FailuresBeforeOpen", "2"), ("Inference:Features:ProbeMilliseconds", "100"));
        Assert.Equal("[31.5]", Output((await server.InferAsync("columns", ByKey)).Body, 0));
        await _store.StopAsync();
        for (var i = 0; i < 10; i++)
        {
            var (status, body) = await server.InferAsync("columns", ByKey);
            Assert.True(status == 200, body.ToString());
            Assert.Equal(("[1]", "[null]", "[\"none\"]"), (Output(body, 0), Output(body, 1), Output(body, 2)));
            Assert.Equal("age,plan", body.GetProperty("parameters").GetProperty("features_defaulted").GetString());
        }

        await _store.StartAsync();
        await Requests.EventuallyAsync(async () => Output((await server.InferAsync("columns", ByKey)).Body, 0) == "[31.5]", seconds: 60);
        Assert.Matches("""mlsystem_feature_lookup_failures\{[^}]*model="columns"[^}]*\} [1-9]""", await server.Http.GetStringAsync("/metrics"));
    }

    [Fact]
    public async Task A_store_that_hangs_takes_a_share_of_the_deadline_and_then_nothing()
    {
        await using var server = await StartAsync(
            new EndpointFeatures { Unavailable = FeaturePolicy.Default, Defaults = Defaults("""{"age":1,"plan":"none"}""") },
            ("Inference:Admission:TimeoutMs", "4000"), ("Inference:Features:DeadlineShare", "0.1"), ("Inference:Features:FailuresBeforeOpen", "1"), ("Inference:Features:ProbeMilliseconds", "60000"));
        _store.Hangs = true;
        Assert.Equal(200, (await server.InferAsync("columns", ByKey)).Status);
        var calls = _store.Calls;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await server.InferAsync("columns", ByKey)).Status);
        }

        Assert.Equal(calls, _store.Calls);
    }

    [Fact]
    public async Task The_first_lookup_is_made_before_the_server_is_ready()
    {
        await using var server = await StartAsync(new EndpointFeatures());
        Assert.Equal(1, _store.Calls);
    }

    private async Task<InferenceServer> StartAsync(EndpointFeatures features, params (string Key, string Value)[] settings)
    {
        Endpoint(features);
        return await InferenceServer.StartAsync(_registry.Url, _store.Url, settings.ToDictionary(setting => setting.Key, setting => setting.Value, StringComparer.Ordinal));
    }

    private void Endpoint(EndpointFeatures features) => _registry.SetEndpoint("columns", 1, endpoint => endpoint with { Features = features });

    private static Dictionary<string, JsonElement> Defaults(string json) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;

    private static string Output(JsonElement body, int index) => body.GetProperty("outputs")[index].GetProperty("data").GetRawText();

    private static async Task<string> IndexAsync(InferenceServer server)
    {
        using var response = await server.Http.PostAsync("/v2/repository/index", Requests.Json("{}"));
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return string.Join('\n', body.RootElement.EnumerateArray().Select(entry => entry.GetProperty("reason").GetString()));
    }
}
