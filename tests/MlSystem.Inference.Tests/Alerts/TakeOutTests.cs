using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Alerts;

/// <summary>A version whose runs fail one after the other leaves the rotation of its endpoints.</summary>
public sealed class TakeOutTests
{
    private const string TwoRows = """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,0,0,2,0,0]}]}""";
    private const string Endless = """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1e15,0,0]}]}""";

    [Fact]
    public async Task The_version_before_answers_until_a_load_or_the_next_revision()
    {
        await using var registry = await RegistryAsync(FaultyModels.OneRowOnly(bias: 1000));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        registry.SetEndpoint("linear", 2);
        await AnswersAsync(server, 1001);

        await CrashAsync(server, TwoRows, times: 3);
        await AnswersAsync(server, 1);
        Assert.Equal(200, (await server.InferAsync("linear", TwoRows)).Status);
        var entries = await IndexAsync(server);
        Assert.Equal(["1 READY", "2 UNAVAILABLE"], entries.Select(entry => $"{entry.GetProperty("version").GetString()} {entry.GetProperty("state").GetString()}"));
        Assert.Contains("3 runs in a row failed", entries[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
        var alert = await AlertAsync(server);
        Assert.Equal((AlertKind.VersionTakenOut, AlertSeverity.Warning, "linear", "linear", 2), (alert.Kind, alert.Severity, alert.Endpoint, alert.Model, alert.Version));
        Assert.Equal(("3", "linear/1", "2"), (alert.Evidence["crashes"], alert.Evidence["serving"], alert.Evidence["revision"]));

        using var loaded = await server.Http.PostAsync("/v2/repository/models/linear/load", Requests.Json("{}"));
        Assert.Equal(200, (int)loaded.StatusCode);
        Assert.Equal(1001, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        await CrashAsync(server, TwoRows, times: 2);
        Assert.Equal(1001, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        await CrashAsync(server, TwoRows, times: 3);
        await AnswersAsync(server, 1);
        registry.SetEndpoint("linear", 2);
        await AnswersAsync(server, 1001);
    }

    [Fact]
    public async Task Other_live_variants_go_on_alone()
    {
        await using var registry = await RegistryAsync(FaultyModels.OneRowOnly(bias: 1000));
        registry.SetEndpoint(
            "linear", [new EndpointVariant { Name = "bad", Model = "linear", Version = 2, Weight = 1e6 }, new EndpointVariant { Name = "good", Model = "linear", Version = 1, Weight = 1 }]);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        await CrashAsync(server, TwoRows, times: 3);
        await AnswersAsync(server, 1);
        Assert.Equal("linear/1", (await AlertAsync(server)).Evidence["serving"]);
    }

    /// <summary>Runs that hang count as runs that fail; who has nothing else is told why.</summary>
    [Fact]
    public async Task With_nothing_else_the_endpoint_says_why_it_does_not_answer()
    {
        await using var registry = await RegistryAsync(FaultyModels.Looping(bias: 1000));
        registry.SetEndpoint("linear", 2);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: Settings("WatchdogSeconds", "0.3"));
        Assert.Equal(1001, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        await CrashAsync(server, Endless, times: 3);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(1))).Status == 503);
        var (_, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        Assert.Contains("did not end within 0.3 s", body.Error(), StringComparison.Ordinal);
        Assert.Equal(AlertSeverity.Critical, (await AlertAsync(server)).Severity);
    }

    /// <summary>The watchdog stops a real loop inside ONNX Runtime; one hang alone takes nothing out.</summary>
    [Fact]
    public async Task A_run_that_is_given_up_leaves_the_server_answering()
    {
        await using var registry = await RegistryAsync(FaultyModels.Looping(bias: 1000));
        registry.SetEndpoint("linear", 2);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: Settings("WatchdogSeconds", "0.3", "MaxCrashes", "0"));
        for (var i = 0; i < 4; i++)
        {
            await CrashAsync(server, Endless, times: 1);
            Assert.Equal(1001, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        }
    }

    private static async Task CrashAsync(InferenceServer server, string body, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var (status, answer) = await server.InferAsync("linear", body);
            Assert.True(status == 500, answer.ToString());
        }
    }

    private static Task AnswersAsync(InferenceServer server, float prediction) => Requests.EventuallyAsync(async () =>
        await server.InferAsync("linear", Requests.LinearBody(1)) is (200, var body) && body.Prediction() == prediction, seconds: 30);

    private static async Task<List<JsonElement>> IndexAsync(InferenceServer server)
    {
        using var response = await server.Http.PostAsync("/v2/repository/index", null);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return [.. json.RootElement.EnumerateArray().Select(entry => entry.Clone())];
    }

    private static async Task<AlertEvent> AlertAsync(InferenceServer server)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var consumer = server.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Alerts, "test");
        while (true)
        {
            foreach (var stored in await consumer.ReadAsync(1, deadline.Token))
            {
                Assert.Equal(EventTypes.Alert, stored.Event.Headers["ce_type"]);
                return JsonSerializer.Deserialize(stored.Event.Value.Span, ContractsJson.Default.AlertEvent)!;
            }
        }
    }

    private static Dictionary<string, string> Settings(params string[] pairs) =>
        pairs.Chunk(2).ToDictionary(pair => "Inference:Runtime:" + pair[0], pair => pair[1], StringComparer.Ordinal);

    private static async Task<RegistryDouble> RegistryAsync(ModelFolder second)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.AddVersion("linear", 2, second);
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        return registry;
    }
}
