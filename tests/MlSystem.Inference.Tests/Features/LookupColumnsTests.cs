using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Features;

/// <summary>Computed features need columns of the request, and lists become padded inputs.</summary>
public sealed class LookupColumnsTests
{
    private const string Request = """
        {"inputs":[{"name":"person_id","shape":[3],"datatype":"BYTES","data":["ann","bob","eve"]},
          {"name":"amount","shape":[3],"datatype":"FP64","data":[20.5,null,3]},
          {"name":"at","shape":[3],"datatype":"BYTES","data":["2026-03-01T12:00:00Z",null,"2026-03-01T13:00:00Z"]},
          {"name":"weights","shape":[3,2],"datatype":"FP32","data":[1,2,3,4,5,6]}]}
        """;

    [Fact]
    public async Task Request_columns_go_along_and_lists_come_back_padded()
    {
        var store = new Store();
        await using var features = await HostAsync(store);
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());

        var (status, body) = await server.InferAsync("recommender", Request);

        Assert.True(status == 200, body.ToString());
        Assert.Equal(
            """[[7,8,0,3,4,5,0,0,0],[0.5,null,0.25],[20.5,null,3],[1,2,9,0,0,0]]""",
            $"[{string.Join(',', body.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("data").GetRawText()))}]");
        var asked = store.Requests.Last();
        Assert.Equal(["person_id"], asked.JoinKeys.Select(key => key.Name));
        Assert.Equal(["recent", "ratio", "any"], asked.Features);
        var columns = asked.RequestColumns.ToDictionary(column => column.Values.Name);
        Assert.Equal([20.5, double.NaN, 3], columns["amount"].Values.Fp64S.Values);
        Assert.Equal([false, true, false], columns["at"].Nulls);
        Assert.Equal(ByteString.CopyFromUtf8("2026-03-01T12:00:00Z"), columns["at"].Values.Bytes.Values[0]);
        Assert.Equal([2, 2, 2], columns["weights"].Values.Lists.Lengths);
        Assert.Equal([1f, 2, 3, 4, 5, 6], columns["weights"].Values.Lists.Fp32S.Values);
    }

    [Fact]
    public async Task The_metadata_name_them_apart_from_the_join_keys()
    {
        await using var features = await HostAsync(new Store());
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());

        using var metadata = JsonDocument.Parse(await server.Http.GetStringAsync("/v2/models/recommender"));

        var properties = metadata.RootElement.GetProperty("properties");
        Assert.Equal("person_id", properties.GetProperty("join_keys").GetString());
        Assert.Equal("amount,at,weights", properties.GetProperty("request_columns").GetString());
        Assert.Equal("FP64,BYTES,FP32", properties.GetProperty("request_column_datatypes").GetString());
    }

    [Fact]
    public async Task What_the_feature_store_misses_is_told_as_a_mistake_of_the_request()
    {
        await using var features = await HostAsync(new Store());
        await using var registry = await RegistryAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());

        var (status, body) = await server.InferAsync("recommender", """
            {"inputs":[{"name":"person_id","shape":[1],"datatype":"BYTES","data":["ann"]},{"name":"amount","shape":[1],"datatype":"FP64","data":[1]}]}
            """);

        Assert.Equal(400, status);
        Assert.Contains("request column 'at' (TIMESTAMP) is missing", body.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_feature_store_lists_are_empty_where_the_endpoint_goes_on()
    {
        await using var registry = await RegistryAsync(new EndpointFeatures
        {
            Unavailable = FeaturePolicy.Default, Defaults = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["ratio"] = JsonSerializer.SerializeToElement(0.75) },
        });
        await using var server = await InferenceServer.StartAsync(registry.Url);

        var (status, body) = await server.InferAsync("recommender", Request);

        Assert.True(status == 200, body.ToString());
        Assert.Equal("[0,0,0,0,0,0,0,0,0]", body.GetProperty("outputs")[0].GetProperty("data").GetRawText());
        Assert.Equal("[0.75,0.75,0.75]", body.GetProperty("outputs")[1].GetProperty("data").GetRawText());
    }

    private static async Task<RegistryDouble> RegistryAsync(EndpointFeatures? policy = null)
    {
        var graph = new GraphBuilder("recommender");
        var recent = graph.Input("recent", new TensorType(ElementType.Int64, Dimension.Batch, 3));
        var ratio = graph.Input("ratio", new TensorType(ElementType.Double, Dimension.Batch, 1));
        var amount = graph.Input("amount", new TensorType(ElementType.Double, Dimension.Batch, 1));
        var any = graph.Input("any", new TensorType(ElementType.Float, Dimension.Batch, Dimension.Named("any")));
        graph.Output("recent_out", graph.Identity(recent));
        graph.Output("ratio_out", graph.Identity(ratio));
        graph.Output("amount_out", graph.Identity(amount));
        graph.Output("any_out", graph.Identity(any));
        var folder = ModelFolder.Of(graph, new ModelSignature
        {
            Task = ModelTask.Custom,
            Inputs = [Spec("recent", "INT64", -1, 3), Spec("ratio", "FP64", -1, 1) with { Nullable = true }, Spec("amount", "FP64", -1, 1) with { Nullable = true }, Spec("any", "FP32", -1, -1)],
            Outputs = [Spec("recent_out", "INT64", -1, 3), Spec("ratio_out", "FP64", -1, 1), Spec("amount_out", "FP64", -1, 1), Spec("any_out", "FP32", -1, -1)],
        });
        var lineage = JsonSerializer.Deserialize(ModelFolder.Columns().Files[ModelFiles.Lineage], ContractsJson.Default.ModelLineage)!;
        lineage.RequestColumns = [Spec("amount", "FP64", -1, 1) with { Nullable = true }, Spec("at", "BYTES", -1, 1) with { Nullable = true }, Spec("weights", "FP32", -1, -1)];
        folder.Files[ModelFiles.Lineage] = JsonSerializer.SerializeToUtf8Bytes(lineage, ContractsJson.Default.ModelLineage);
        var registry = new RegistryDouble();
        registry.AddVersion("recommender", 1, folder);
        registry.SetEndpoint("recommender", 1, endpoint => endpoint with { Features = policy ?? new EndpointFeatures() });
        await registry.StartAsync();
        return registry;
    }

    private static TensorSpec Spec(string name, string datatype, params long[] shape) => new() { Name = name, Datatype = datatype, Shape = shape };

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

    /// <summary>Answers as the feature store does for three persons; the last one is unknown to the view of lists.</summary>
    private sealed class Store : FeatureStore.FeatureStoreBase
    {
        public ConcurrentQueue<GetOnlineFeaturesRequest> Requests { get; } = [];

        public override Task<GetOnlineFeaturesResponse> GetOnlineFeatures(GetOnlineFeaturesRequest request, ServerCallContext context)
        {
            Requests.Enqueue(request);
            if (request.RequestColumns.All(column => column.Values.Name != "at"))
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "request column 'at' (TIMESTAMP) is missing"));
            }

            FeatureStatus[] known = [FeatureStatus.Present, FeatureStatus.Present, FeatureStatus.NotFound];
            FeatureColumn[] columns =
            [
                Column("recent", "INT64[]", new Column { Lists = new ListValues { Lengths = { 2, 5, 0 }, Int64S = new Int64Values { Values = { 7, 8, 1, 2, 3, 4, 5 } } } }, known),
                Column("ratio", "FP64", new Column { Fp64S = new DoubleValues { Values = { 0.5, double.NaN, 0.25 } } }, [FeatureStatus.Present, FeatureStatus.NullValue, FeatureStatus.Present]),
                Column("any", "FP32[]", new Column { Lists = new ListValues { Lengths = { 2, 1, 0 }, Fp32S = new FloatValues { Values = { 1, 2, 9 } } } }, known),
            ];
            return Task.FromResult(new GetOnlineFeaturesResponse { FeatureService = "people", Version = 3, Columns = { columns.Where(column => request.Features.Contains(column.Name)) } });
        }

        private static FeatureColumn Column(string name, string datatype, Column values, FeatureStatus[] statuses)
        {
            values.Name = name;
            return new FeatureColumn { Name = name, Datatype = datatype, FeatureView = "history", Values = values, Statuses = { statuses }, EventTimestampsMs = { 1_000_000_000_000, 1_000_000_000_000, 0 } };
        }
    }
}
