using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Versions;
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
        await using var registry = await RegistryAsync(FaultyModels.Worn(bias: 1000));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        registry.SetEndpoint("linear", 2);
        await AnswersAsync(server, 1001);

        await WearOutAsync(server);
        await AnswersAsync(server, 1);
        var entries = await IndexAsync(server);
        Assert.Equal(["1 READY", "2 UNAVAILABLE"], entries.Select(entry => $"{entry.GetProperty("version").GetString()} {entry.GetProperty("state").GetString()}"));
        Assert.Contains("runs in a row failed", entries[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
        var alert = await AlertAsync(server);
        Assert.Equal((AlertKind.VersionTakenOut, AlertSeverity.Warning, "linear", "linear", 2), (alert.Kind, alert.Severity, alert.Endpoint, alert.Model, alert.Version));
        Assert.Equal(("linear/1", "2"), (alert.Evidence["serving"], alert.Evidence["revision"]));
        Assert.True(int.Parse(alert.Evidence["crashes"], CultureInfo.InvariantCulture) >= 3);

        using var loaded = await server.Http.PostAsync("/v2/repository/models/linear/load", Requests.Json("{}"));
        Assert.Equal(200, (int)loaded.StatusCode);

        // It counts anew: two failures leave it in, the third is answered by it too.
        await CrashAsync(server, Requests.LinearBody(1), times: 3);
        await AnswersAsync(server, 1);
        registry.SetEndpoint("linear", 2);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(1))).Status == 500, seconds: 30);
        await AnswersAsync(server, 1);
    }

    [Fact]
    public async Task Other_live_variants_go_on_alone()
    {
        await using var registry = await RegistryAsync(FaultyModels.Worn(bias: 1000));
        registry.SetEndpoint(
            "linear", [new EndpointVariant { Name = "bad", Model = "linear", Version = 2, Weight = 1e6 }, new EndpointVariant { Name = "good", Model = "linear", Version = 1, Weight = 1 }]);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        await WearOutAsync(server);
        await AnswersAsync(server, 1);
        Assert.Equal("linear/1", (await AlertAsync(server)).Evidence["serving"]);
    }

    /// <summary>Runs that hang count as runs that fail; who has nothing else is told why.</summary>
    [Fact]
    public async Task With_nothing_else_the_endpoint_says_why_it_does_not_answer()
    {
        await using var registry = await RegistryAsync(FaultyModels.Worn(bias: 1000, hangs: true));
        registry.SetEndpoint("linear", 2);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: Settings("WatchdogSeconds", "0.3"));
        Assert.Equal(1001, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        await WearOutAsync(server);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(1))).Status == 503, seconds: 60);
        var (_, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        Assert.Contains("did not end within 0.3 s", body.Error(), StringComparison.Ordinal);
        Assert.Equal(AlertSeverity.Critical, (await AlertAsync(server)).Severity);
    }

    /// <summary>Rows that ONNX Runtime fails on are their sender's fault: whoever sends them must not take the version from everybody.</summary>
    [Fact]
    public async Task Rows_that_fail_take_nothing_out()
    {
        await using var registry = await RegistryAsync(FaultyModels.OneRowOnly(bias: 1000));
        registry.SetEndpoint("linear", 2);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        await CrashAsync(server, TwoRows, times: 10);
        await StaysAsync(server);
    }

    /// <summary>The watchdog stops a real loop inside ONNX Runtime, which rows alone have begun.</summary>
    [Fact]
    public async Task Rows_that_hang_are_given_up_and_take_nothing_out()
    {
        await using var registry = await RegistryAsync(FaultyModels.Looping(bias: 1000));
        registry.SetEndpoint("linear", 2);
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: Settings("WatchdogSeconds", "0.3"));
        await CrashAsync(server, Endless, times: 5);
        await StaysAsync(server);
    }

    /// <summary>An index that is not in the table is no failure of the model.</summary>
    [Fact]
    public async Task Indices_out_of_range_take_nothing_out()
    {
        await using var registry = await RegistryAsync(ModelFolder.Linear());
        registry.AddVersion("fragile", 1, GraphModels.Fragile());
        registry.SetEndpoint("fragile", 1);
        await using var server = await InferenceServer.StartAsync(registry.Url);
        for (var i = 0; i < 10; i++)
        {
            Assert.InRange((await server.InferAsync("fragile", GraphModels.Body(3))).Status, 400, 500);
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(7, (await server.InferAsync("fragile", GraphModels.Body(0))).Body.Prediction());
        }
    }

    private static async Task WearOutAsync(InferenceServer server) =>
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(1))).Status == 500, seconds: 60);

    /// <summary>Neither now nor when the version has been tried is it out of rotation.</summary>
    private static async Task StaysAsync(InferenceServer server)
    {
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(1001, (await server.InferAsync("linear", Requests.LinearBody(1))).Body.Prediction());
        }

        Assert.Null(server.Services.GetRequiredService<ServingState>().WhyOut(new VersionKey("linear", 2)));
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
