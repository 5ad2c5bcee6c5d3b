using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Tests.Routing;

/// <summary>Anybody may ask for any number of a version: what is not there is told and leaves no trace.</summary>
public sealed class MadeUpVersionTests
{
    private static readonly VersionKey Extra = new("linear", 2);

    [Fact]
    public async Task Numbers_that_never_were_push_no_version_out_and_are_not_kept()
    {
        await using var registry = await RegistryAsync();
        await using var server = await StartAsync(registry);
        var residents = server.Services.GetRequiredService<ResidentVersions>();
        Assert.Equal(200, (await server.InferAsync("linear/versions/2", Requests.LinearBody(1))).Status);
        var resident = residents.Find(Extra);
        Assert.NotNull(resident);
        for (var version = 100; version < 120; version++)
        {
            var (status, body) = await server.InferAsync($"linear/versions/{version}", Requests.LinearBody(1));
            Assert.Equal((404, $"version {version} of 'linear' can't be served: the registry has no version {version} of model 'linear'"), (status, body.Error()));
            var request = new ModelInferRequest { ModelName = "linear", ModelVersion = $"{version}" };
            Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(async () => await server.Grpc.ModelInferAsync(request))).StatusCode);
        }

        Assert.Empty(residents.Failures);
        Assert.Same(resident, residents.Find(Extra));
        Assert.Equal((200, 1001f), (await server.InferAsync("linear/versions/2", Requests.LinearBody(1))) is var (answered, answer) ? (answered, answer.Prediction()) : default);
        Assert.Same(resident, residents.Find(Extra));
    }

    /// <summary>The index tells why an endpoint's own version is missing, also after somebody asked for it by number.</summary>
    [Fact]
    public async Task A_failure_of_a_version_that_an_endpoint_wants_is_kept()
    {
        await using var registry = await RegistryAsync();
        registry.SetEndpoint("linear", [new() { Name = "champion", Model = "linear", Version = 1 }, new() { Name = "absent", Model = "linear", Version = 9 }]);
        await using var server = await StartAsync(registry);
        Assert.Equal(404, (await server.InferAsync("linear/versions/9", Requests.LinearBody(1))).Status);
        Assert.Equal(404, (await server.InferAsync("linear/versions/10", Requests.LinearBody(1))).Status);
        Assert.Equal([new VersionKey("linear", 9)], server.Services.GetRequiredService<ResidentVersions>().Failures.Keys);
    }

    /// <summary>Versions that push each other out while they are asked for all answer.</summary>
    [Fact]
    public async Task More_versions_than_are_kept_answer_at_once()
    {
        await using var registry = await RegistryAsync();
        await using var server = await StartAsync(registry);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async client =>
        {
            for (var i = 0; i < 10; i++)
            {
                var version = 2 + ((client + i) % 4);
                var (status, body) = await server.InferAsync($"linear/versions/{version}", Requests.LinearBody(client));
                Assert.True(status == 200, body.ToString());
                Assert.Equal(client + ((version - 1) * 1000), body.Prediction());
            }
        }));
        Assert.InRange(server.Services.GetRequiredService<ResidentVersions>().Ready.Count(), 1, 3);
        Assert.Empty(server.Services.GetRequiredService<ResidentVersions>().Failures);
    }

    private static Task<InferenceServer> StartAsync(RegistryDouble registry) =>
        InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Routing:MaxExtraVersions"] = "2" });

    private static async Task<RegistryDouble> RegistryAsync()
    {
        var registry = new RegistryDouble();
        for (var version = 1; version <= 5; version++)
        {
            registry.AddVersion("linear", version, ModelFolder.Linear(bias: (version - 1) * 1000));
        }

        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        return registry;
    }
}
