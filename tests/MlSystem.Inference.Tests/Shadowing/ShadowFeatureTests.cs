using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tests.Policies;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Shadowing;

public sealed class ShadowFeatureTests
{
    private const string ByKey = """{"inputs":[{"name":"person_id","shape":[1],"datatype":"BYTES","data":["ann"]},{"name":"plan","shape":[1],"datatype":"BYTES","data":["x"]}]}""";

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    public async Task Looked_up_features_are_copied_unless_the_shadow_has_a_feature_service_of_its_own(int shadowService, int questions)
    {
        var store = new Store();
        await using var features = await HostAsync(store);
        await using var registry = await Traffic.RegistryAsync(
            "columns", [Traffic.Variant("champion", 1, model: "columns"), Traffic.Variant("next", 5, role: VariantRole.Shadow, model: "columns")]);
        registry.AddVersion("columns", 5, WithService(shadowService));
        await using var server = await InferenceServer.StartAsync(registry.Url, features.Urls.Single());
        await Requests.EventuallyAsync(async () => (await server.PolicyAsync("columns")).Variant("next").GetProperty("served").GetBoolean());

        // Start-up has asked once to warm the look-up up.
        store.Versions.Clear();
        var (status, body) = await server.InferAsync("columns", ByKey);
        Assert.True(status == 200, body.ToString());
        var logged = await LoggedPredictions.ReadAsync(server, 2);
        Assert.Equal(questions, store.Versions.Count);
        Assert.Contains(3, store.Versions);
        Assert.Equal(shadowService == 4, store.Versions.Contains(4));
        Assert.Equal([3], Age(logged, VariantRole.Live));
        Assert.Equal([shadowService], Age(logged, VariantRole.Shadow));
    }

    private static float[] Age(IEnumerable<LoggedPrediction> logged, string role) => logged.Single(prediction => prediction.Batch.Role == role).Input("age");

    private static ModelFolder WithService(int version)
    {
        var folder = ModelFolder.Columns();
        var lineage = JsonSerializer.Deserialize(folder.Files[ModelFiles.Lineage], ContractsJson.Default.ModelLineage)!;
        folder.Files[ModelFiles.Lineage] = JsonSerializer.SerializeToUtf8Bytes(lineage with { FeatureServiceVersion = version }, ContractsJson.Default.ModelLineage);
        return folder;
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

    /// <summary>The age of everybody is the version of the feature service.</summary>
    private sealed class Store : FeatureStore.FeatureStoreBase
    {
        public ConcurrentQueue<int> Versions { get; } = new();

        public override Task<GetOnlineFeaturesResponse> GetOnlineFeatures(GetOnlineFeaturesRequest request, ServerCallContext context)
        {
            if (request.JoinKeys.Count == 0)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "join keys are missing"));
            }

            Versions.Enqueue(request.Version);
            var response = new GetOnlineFeaturesResponse { FeatureService = request.FeatureService, Version = request.Version };
            response.Columns.AddRange(request.Features.Select(name => new FeatureColumn
            {
                Name = name,
                Datatype = "FP64",
                Values = new Column { Name = name, Fp64S = new DoubleValues { Values = { request.Version } } },
                Statuses = { FeatureStatus.Present },
                EventTimestampsMs = { 1_000_000_000_000 },
            }));
            return Task.FromResult(response);
        }
    }
}
