using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.Features.V1;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Features;

public sealed class FeatureLookupTests
{
    private const string ByKey = """{"inputs":[{"name":"person_id","shape":[2],"datatype":"BYTES","data":["ann","bob"]},{"name":"plan","shape":[2],"datatype":"BYTES","data":["x","y"]}]}""";

    [Fact]
    public async Task Absent_inputs_come_from_the_feature_service_in_one_call()
    {
        var store = new Store();
        await using var features = await HostAsync(store);
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.True(status == 200, body.ToString());
        Assert.Equal("""[[31.5,42],[null,7],["x","y"]]""", $"[{string.Join(',', body.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("data").GetRawText()))}]");
        Assert.True(body.GetProperty("parameters").GetProperty("oldest_feature_age_seconds").GetDouble() > 1_000_000);

        // The first one warmed the look-up up.
        var asked = Assert.Single(store.Requests.Skip(1));
        Assert.Equal(("people", 3), (asked.FeatureService, asked.Version));
        Assert.Equal(["age", "income"], asked.Features);
        Assert.Equal("person_id", asked.JoinKeys.Single().Name);
        Assert.Equal(1, body.GetProperty("parameters").GetProperty("features_missing").GetInt32());
        Assert.False(body.GetProperty("parameters").TryGetProperty("entities_not_found", out _));
    }

    [Fact]
    public async Task Explanations_look_absent_inputs_up_as_predictions_do()
    {
        var store = new Store();
        await using var features = await HostAsync(store);
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());
        var body = ByKey[..^1] + ""","parameters":{"output":"age_out","background":[{"age":1.5,"income":null,"plan":"x"}]}}""";
        var (status, answer) = await Explanations.ExplainRequests.ExplainAsync(server, "columns", body);
        Assert.True(status == 200, answer.ToString());
        var contributions = answer.GetProperty("explanations")[0].GetProperty("contributions");
        Assert.Equal((31.5, 30.0), (contributions[0].GetProperty("value").GetDouble(), contributions[0].GetProperty("contribution").GetDouble()));
        Assert.True(answer.GetProperty("parameters").GetProperty("oldest_feature_age_seconds").GetDouble() > 1_000_000);
        Assert.Single(store.Requests, request => request.Features.Count > 0);
    }

    [Fact]
    public async Task An_unknown_entity_with_nullable_inputs_is_answered_and_told()
    {
        await using var features = await HostAsync(new Store { IncomeStatuses = [FeatureStatus.NotFound, FeatureStatus.OutsideMaxAge] });
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());
        var (status, body) = await server.InferAsync("columns", """
            {"inputs":[{"name":"person_id","shape":[2],"datatype":"BYTES","data":["ann","bob"]},{"name":"age","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"plan","shape":[2],"datatype":"BYTES","data":["x","y"]}]}
            """);
        Assert.True(status == 200, body.ToString());
        var parameters = body.GetProperty("parameters");
        Assert.Equal((2, 1), (parameters.GetProperty("features_missing").GetInt32(), parameters.GetProperty("entities_not_found").GetInt32()));
        Assert.False(parameters.TryGetProperty("oldest_feature_age_seconds", out _));
        var metrics = await server.Http.GetStringAsync("/metrics");
        Assert.Matches("""mlsystem_feature_lookup_missing\{[^}]*model="columns"[^}]*\} 2""", metrics);
        Assert.Matches("""mlsystem_feature_lookup_entities_not_found\{[^}]*model="columns"[^}]*\} 1""", metrics);
    }

    [Fact]
    public async Task An_entity_without_a_value_is_refused_unless_the_input_is_nullable()
    {
        var store = new Store { AgeStatus = FeatureStatus.NotFound };
        await using var features = await HostAsync(store);
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.Equal(400, status);
        Assert.Contains("'age', row 1 (person_id = 'bob'): the feature store has no such entity", body.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_feature_store_only_requests_that_need_it_are_refused()
    {
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.Equal(503, status);
        Assert.Contains("the feature store can't be asked now", body.Error(), StringComparison.Ordinal);
        (status, body) = await server.InferAsync("columns", """
            {"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[1]},{"name":"income","shape":[1],"datatype":"FP64","data":[null]},{"name":"plan","shape":[1],"datatype":"BYTES","data":["a"]}]}
            """);
        Assert.True(status == 200, body.ToString());
    }

    private static async Task<RegistryDouble> RegistryAsync()
    {
        var registry = new RegistryDouble();
        registry.AddVersion("columns", 1, ModelFolder.Columns());
        registry.SetEndpoint("columns", 1);
        await registry.StartAsync();
        return registry;
    }

    private static async Task<WebApplication> HostAsync(Store store)
    {
        var port = FreePort.Next();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(store);
        var app = builder.Build();
        app.MapGrpcService<Store>();
        await app.StartAsync();
        return app;
    }

    private sealed class Store : FeatureStore.FeatureStoreBase
    {
        public List<GetOnlineFeaturesRequest> Requests { get; } = [];

        /// <summary>Status of the second row's age.</summary>
        public FeatureStatus AgeStatus { get; init; } = FeatureStatus.Present;

        public FeatureStatus[] IncomeStatuses { get; init; } = [FeatureStatus.NullValue, FeatureStatus.Present];

        public override Task<GetOnlineFeaturesResponse> GetOnlineFeatures(GetOnlineFeaturesRequest request, ServerCallContext context)
        {
            if (request.JoinKeys.Count == 0)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "join keys are missing"));
            }

            Requests.Add(request);
            Assert.Equal(ByteString.CopyFromUtf8("ann"), request.JoinKeys[0].Bytes.Values[0]);
            return Task.FromResult(new GetOnlineFeaturesResponse
            {
                FeatureService = request.FeatureService,
                Version = request.Version,
                Columns =
                {
                    new FeatureColumn
                    {
                        Name = "age",
                        Datatype = "FP64",
                        Values = new Column { Name = "age", Fp64S = new DoubleValues { Values = { 31.5, 42 } } },
                        Statuses = { FeatureStatus.Present, AgeStatus },
                        EventTimestampsMs = { 1_000_000_000_000, 1_100_000_000_000 },
                    },
                    new FeatureColumn
                    {
                        Name = "income",
                        Datatype = "INT64",
                        Values = new Column { Name = "income", Int64S = new Int64Values { Values = { 0, 7 } } },
                        Statuses = { IncomeStatuses },
                        EventTimestampsMs = { 1_000_000_000_000, 1_100_000_000_000 },
                    },
                },
            });
        }
    }
}
